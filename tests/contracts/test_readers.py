"""Readers of released versions go on reading, and kept events stay readable."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator

from shared.contracts.base import Event
from shared.contracts.topics import EVENTS
from stepwell.contracts import files
from stepwell.contracts.schemas import Schema, file_name, schema_of
from tests.contracts.instances import instances

RELEASED = files.released()
TYPES = {file_name(event).rpartition(".v")[0]: event for event in EVENTS}
PAIRS = [
    pytest.param(schema, TYPES[name.rpartition(".v")[0]], id=name)
    for name, schema in RELEASED.items()
    if name.rpartition(".v")[0] in TYPES
]

SLOW_AT_FIRST = (HealthCheck.too_slow,)
"""The first text by a pattern of all letters takes seconds on a busy machine, the others none."""


def validator(schema: Schema) -> Validator:
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def test_every_event_has_a_released_version_or_is_new() -> None:
    assert RELEASED, "contracts/released is the baseline of all comparisons"


def test_no_change_breaks_a_reader_or_an_event_that_is_kept() -> None:
    found = files.broken(RELEASED)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(("released", "event"), PAIRS)
def test_a_reader_of_the_released_version_accepts_what_is_published_now(
    released: Schema, event: type[Event]
) -> None:
    reader = validator(released)

    @settings(max_examples=40, deadline=None, suppress_health_check=SLOW_AT_FIRST)
    @given(payload=instances(schema_of(event)))
    def accepts(payload: dict[str, Any]) -> None:
        reader.validate(payload)

    accepts()


@pytest.mark.parametrize(("released", "event"), PAIRS)
def test_an_event_that_was_kept_is_read_by_todays_reader(
    released: Schema, event: type[Event]
) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=SLOW_AT_FIRST)
    @given(payload=instances(released), order=st.randoms())
    def reads(payload: dict[str, Any], order: Any) -> None:
        mixed = list(payload.items())
        order.shuffle(mixed)
        told = event.model_validate_json(json.dumps(dict(mixed)))
        assert told.key == str(payload.get("client_id", payload["site_id"]))

    reads()


class Renamed(Event):
    """A change that must not pass unnoticed: the same event with other contents."""

    stream = "intake"


def test_a_released_event_that_is_no_longer_published_is_noticed() -> None:
    (line,) = files.broken({"intake.Forgotten.v1.0.json": {}}, (Renamed,))
    assert "no event of this type is published any more" in line


def test_a_change_without_a_new_version_is_noticed() -> None:
    former = schema_of(Renamed) | {"properties": {"note": {"type": "string"}}}
    lines = files.broken({"intake.Renamed.v1.0.json": former}, (Renamed,))
    assert any("raise the event's version" in line for line in lines)
    assert any("/note is gone" in line for line in lines)


def test_a_better_description_is_no_change() -> None:
    former = schema_of(Renamed) | {"description": "Less well said."}
    assert files.broken({"intake.Renamed.v1.0.json": former}, (Renamed,)) == []


def test_a_new_property_without_default_would_refuse_kept_events() -> None:
    class Grown(Event):
        """An event with one property more than its released version."""

        stream = "intake"
        version = "1.1"
        reason: str

    former = {"type": "object", "properties": {}}
    lines = files.broken({"intake.Grown.v1.0.json": former}, (Grown,))
    assert [line.partition("refused: ")[2] for line in lines] == [
        "/reason is gone; give the field a default"
    ]
