"""The SDK of CloudEvents reads a message of every type as the relay sends it."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from cloudevents.v1.kafka import KafkaMessage as FormerMessage
from cloudevents.v1.kafka import from_binary as from_binary_by_the_former_sdk

from shared.contracts.base import Event
from shared.contracts.topics import BY_STREAM, EVENTS
from shared.messaging.envelope import headers_of
from stepwell.contracts.examples import example_of
from stepwell.contracts.schemas import schema_of

AT = datetime(2026, 2, 23, 14, 0, 0, 120_000, tzinfo=UTC)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def sent(event: type[Event], **changed: Any) -> tuple[Event, dict[str, bytes], bytes]:
    """An event, with headers and value of its record."""
    told = event.model_validate(example_of(schema_of(event)))
    attributes = {
        "stream": event.stream,
        "key": told.key,
        "sequence": None if BY_STREAM[event.stream].derived else 7,
        "event_id": "019c8a4e-2b00-7000-8000-000000000002",
        "type": event.type_name(),
        "dataschema": event.schema_name(),
        "occurred_at": AT,
        "traceparent": TRACE,
    }
    headers = dict(headers_of(**(attributes | changed)))
    return told, headers, told.model_dump_json().encode()


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_the_sdk_reads_every_message(event: type[Event]) -> None:
    told, headers, value = sent(event)
    read = from_binary_event(KafkaMessage(headers=headers, key=told.key, value=value))
    assert read.get_type() == event.type_name()
    assert read.get_source() == f"/stepwell/{event.stream}"
    assert read.get_subject() == told.key
    assert read.get_time() == AT
    assert read.get_datacontenttype() == "application/json"
    assert read.get_data() == json.loads(value)
    sequence = None if BY_STREAM[event.stream].derived else "000000000007"
    assert read.get_extension("sequence") == sequence
    dataschema = read.get_dataschema()
    assert dataschema == event.schema_name()
    assert urlsplit(dataschema).scheme, "CloudEvents 1.0 asks for a URI, not a reference"


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.__name__)
def test_the_sdk_of_the_former_form_reads_every_message(event: type[Event]) -> None:
    told, headers, value = sent(event)
    message = FormerMessage(headers=headers, key=told.key, value=value)
    read = from_binary_by_the_former_sdk(message)
    assert read["dataschema"] == event.schema_name()
    assert read["time"] == "2026-02-23T14:00:00.120000Z"
    assert read.data == json.loads(value)


@pytest.mark.parametrize(
    "journaled",
    ["/contracts/schemas/intake.ClientEnrolled.v1.0.json", "intake.ClientEnrolled.v1.0"],
)
def test_what_was_journaled_with_a_relative_reference_leaves_with_a_uri(journaled: str) -> None:
    (event,) = (one for one in EVENTS if one.__name__ == "ClientEnrolled")
    told, headers, value = sent(event, dataschema=journaled)
    read = from_binary_event(KafkaMessage(headers=headers, key=told.key, value=value))
    assert read.get_dataschema() == "urn:stepwell:schema:intake.ClientEnrolled.v1.0"
