"""The committed contracts are those that the code keeps."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shared.contracts.base import Event
from shared.contracts.topics import EVENTS
from stepwell.contracts import files
from stepwell.contracts.examples import example_of
from stepwell.contracts.schemas import schema_of


def test_committed_contracts_equal_what_is_generated() -> None:
    assert files.outdated() == [], "run `stepwell contracts` and commit what it writes"


def test_generating_again_removes_the_schema_of_an_event_that_is_gone(tmp_path: Path) -> None:
    assert len(files.write(tmp_path)) == len(EVENTS) + 1
    stray = tmp_path / "schemas" / "intake.ClientForgotten.v1.0.json"
    stray.write_text("{}")
    assert files.write(tmp_path) == ["schemas/intake.ClientForgotten.v1.0.json"]
    assert not stray.exists()
    assert files.write(tmp_path) == []


def test_releasing_never_replaces_a_released_schema(tmp_path: Path) -> None:
    assert len(files.release(tmp_path)) == len(EVENTS)
    kept = tmp_path / files.RELEASED / "intake.ClientEnrolled.v1.0.json"
    kept.write_text('{"kept": true}')
    assert files.release(tmp_path) == []
    assert json.loads(kept.read_text()) == {"kept": True}


NOT_UNDERSTOOD = {"const", "oneOf", "allOf", "not", "prefixItems", "contains", "$dynamicRef"}
NOT_UNDERSTOOD |= {"unevaluatedProperties", "unevaluatedItems", "dependentRequired"}
"""Words that generators make nothing of, or that draft 7 does not know or reads differently."""


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """A schema and everything in it."""
    if isinstance(schema, dict):
        yield schema
    inner = schema.values() if isinstance(schema, dict) else schema
    for part in inner if isinstance(schema, dict | list) else ():
        yield from parts(part)


def test_what_becomes_a_type_of_its_own_has_a_name_that_no_other_type_has() -> None:
    named: dict[str, Any] = {}
    for event in EVENTS:
        schema = schema_of(event)
        for part in [schema, *schema.get("$defs", {}).values(), *parts(schema)]:
            if "enum" in part or ("properties" in part and "type" in part):
                assert part["title"].isidentifier(), (event, part)
                shape = {k: v for k, v in part.items() if k not in ("description", "default")}
                assert named.setdefault(part["title"], shape) == shape


def test_generators_meet_no_word_that_they_do_not_understand() -> None:
    for event in EVENTS:
        for part in parts(schema_of(event)):
            assert not part.keys() & NOT_UNDERSTOOD


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_a_publisher_promises_every_field_that_it_sends(event: type[Event]) -> None:
    schema = schema_of(event)
    for part in (schema, *schema.get("$defs", {}).values()):
        if "properties" in part:
            assert part["required"] == list(part["properties"])


def test_a_second_major_version_has_a_name_of_its_own() -> None:
    class Enrolled(Event):
        """A client was enrolled."""

        stream = "intake"
        version = "2.3"

    assert schema_of(Enrolled)["title"] == "EnrolledV2"
    assert schema_of(Enrolled)["$id"] == "urn:stepwell:schema:intake.Enrolled.v2.3"


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_a_schema_is_sound_and_its_example_is_an_event(event: type[Event]) -> None:
    schema = schema_of(event)
    Draft202012Validator.check_schema(schema)
    example = example_of(schema)
    Draft202012Validator(schema).validate(example)
    told = event.model_validate_json(json.dumps(example))
    Draft202012Validator(schema).validate(json.loads(told.model_dump_json()))
    assert schema["$id"] == told.schema_name()
    assert schema["description"], "an event says what happened"
