"""The messages of the AsyncAPI document: CloudEvents in Kafka's binary mode."""

from datetime import datetime
from typing import Any

from shared.contracts.base import SCHEMA_BASE, Event
from shared.contracts.topics import BY_STREAM, EVENTS, TOPICS
from shared.messaging.envelope import headers_of, source_of
from stepwell.contracts.examples import INSTANT, example_of
from stepwell.contracts.schemas import file_name, schema_of, type_of

Part = dict[str, Any]
BINDING_VERSION = "0.5.0"
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
EXAMPLE_ID = "019c8a4e-2b00-7000-8000-000000000001"
TOLD = {event.stream for event in EVENTS}
"""Streams with events; the others are the state of stream workers."""
KEY: Part = {
    "type": "string",
    "format": "uuid",
    "description": "The client the event is about; of events of the directory the site, or the "
    "person of the staff. Also ce_subject.",
    "examples": [EXAMPLE_ID],
}


def message(event: type[Event]) -> Part:
    """One kind of event: its headers, its key, its payload, and an example of all three."""
    derived = BY_STREAM[event.stream].derived
    payload = example_of(schema_of(event))
    headers = "DerivedHeaders" if derived else "Headers"
    return {
        "name": event.type_name(),
        "title": type_of(event),
        "summary": " ".join((event.__doc__ or "").split()),
        "contentType": "application/json",
        "headers": {"$ref": f"#/components/schemas/{headers}"},
        "payload": {"$ref": f"./schemas/{file_name(event)}"},
        "bindings": {
            "kafka": {
                "key": KEY,
                "bindingVersion": BINDING_VERSION,
            }
        },
        "examples": [{"name": "example", "headers": _headers(event, payload), "payload": payload}],
    }


def _headers(event: type[Event], payload: Part) -> dict[str, str]:
    pairs = headers_of(
        stream=event.stream,
        key=event.model_validate(payload).key,
        sequence=None if BY_STREAM[event.stream].derived else 1,
        event_id=EXAMPLE_ID,
        type=event.type_name(),
        dataschema=event.schema_name(),
        occurred_at=datetime.fromisoformat(INSTANT),
        traceparent=TRACEPARENT,
    )
    return {name: value.decode() for name, value in pairs}


def headers_schema(*, sequenced: bool) -> Part:
    """The headers of a record; derived streams have no sequence."""
    sources = [source_of(t.stream) for t in TOPICS if t.derived != sequenced and t.stream in TOLD]
    properties: Part = {
        "ce_specversion": {"type": "string", "enum": ["1.0"]},
        "ce_id": {
            "type": "string",
            "description": "Unique with ce_source; a record that comes twice has the same.",
        },
        "ce_source": {
            "type": "string",
            "enum": sources,
            "description": "The stream.",
        },
        "ce_type": {
            "type": "string",
            "pattern": r"^org\.stepwell\.[a-z]+\.[A-Za-z]+\.v[0-9]+$",
            "description": "Stream, event and major version.",
        },
        "ce_time": {
            "type": "string",
            "format": "date-time",
            "description": "When it happened, UTC.",
        },
        "ce_subject": {"type": "string", "format": "uuid", "description": "The record's key."},
        "ce_dataschema": {
            "type": "string",
            "format": "uri",
            "description": "The schema of the payload, with the minor version. Its end is the name "
            "of a file of the folder `schemas`, without `.json` unless the base is a folder; its "
            f"base is the setting STEPWELL_SCHEMA_BASE, which is {SCHEMA_BASE} unless it is set.",
            "examples": [EVENTS[0].schema_name()],
        },
        "content-type": {"type": "string", "enum": ["application/json"]},
        "traceparent": {
            "type": "string",
            "pattern": "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
            "description": "W3C trace context of the change that was told; absent when not traced.",
        },
    }
    if sequenced:
        properties["ce_sequence"] = {
            "type": "string",
            "pattern": "^[0-9]{12,}$",
            "description": "1, 2, 3 … without a gap per key of the stream, zero-padded.",
        }
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name != "traceparent"],
    }
