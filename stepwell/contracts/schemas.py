"""One JSON Schema (2020-12) a kind of event, as its payload is on the wire."""

from typing import Any

from shared.contracts.base import Event

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


def file_name(event: type[Event]) -> str:
    """The name of the event's schema file, with stream and version: the tail of ce_dataschema."""
    return event.schema_name().rpartition("/")[2]


def schema_of(event: type[Event]) -> Schema:
    """What publishers of this version promise: every property that they send is required.

    Properties that a reader does not know are allowed; readers pass over them.
    """
    schema = event.model_json_schema(mode="serialization")
    return {"$schema": DIALECT, "$id": event.schema_name(), **schema}


def reader_schema_of(event: type[Event]) -> Schema:
    """What a reader of this version needs: a property with a default may be absent."""
    return event.model_json_schema(mode="validation")
