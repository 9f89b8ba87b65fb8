"""The committed contracts are those that the code keeps."""

import json
from pathlib import Path

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
