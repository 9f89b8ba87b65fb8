"""One JSON Schema (2020-12) a kind of event, as its payload is on the wire."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from shared.contracts.base import SCHEMA_BASE, Event

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


class Published(GenerateJsonSchema):
    """What a publisher promises: every field is sent, whether it has a default or not."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        return True


def file_name(event: type[Event]) -> str:
    """The name of the event's schema file, with stream and version: the end of ce_dataschema."""
    return f"{event.schema_name().removeprefix(SCHEMA_BASE)}.json"


def schema_of(event: type[Event]) -> Schema:
    """What publishers of this version promise: every property that they send is required.

    Properties that a reader does not know are allowed; readers pass over them.
    """
    schema = event.model_json_schema(mode="serialization", schema_generator=Published)
    for name, definition in schema.get("$defs", {}).items():
        name_parts(definition, name)
    name_parts(schema, type_of(event))
    return {"$schema": DIALECT, "$id": event.schema_name(), **schema, "title": type_of(event)}


def reader_schema_of(event: type[Event]) -> Schema:
    """What a reader of this version needs: a property with a default may be absent."""
    return event.model_json_schema(mode="validation")


def type_of(event: type[Event]) -> str:
    """What generators call the event: its name, from the second major version on with that."""
    major = event.version.partition(".")[0]
    return event.__name__ if major == "1" else f"{event.__name__}V{major}"


def name_parts(schema: Schema, owner: str) -> None:
    """Give the parts of an object the titles that make good names of generated types.

    A list of values becomes a type of its own, which is named for where it stands, as other events
    have other states and reasons. Anything else has a type already and needs no name. A single
    value is a list of one, which every generator understands.
    """
    for name, part in schema.get("properties", {}).items():
        _name(part, owner + "".join(word.capitalize() for word in name.split("_")))


def _name(part: Schema, name: str) -> None:
    part.pop("title", None)
    if "const" in part:
        part["enum"] = [part.pop("const")]
        part.pop("default", None)
    if "enum" in part:
        part["title"] = name
    below = [part.get("items"), part.get("additionalProperties"), *part.get("anyOf", ())]
    for one in below:
        if isinstance(one, dict):
            _name(one, name)
