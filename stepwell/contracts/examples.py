"""An example of every event, made from its schema: the same at every generation."""

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from stepwell.contracts.schemas import Schema

INSTANT = "2026-02-23T14:00:00Z"
BY_NAME: dict[str, Any] = {
    "attended_minutes": 165,
    "band": "moderate",
    "break_minutes": 15,
    "consecutive_attended": 4,
    "consecutive_missed": 0,
    "email": "client@example.test",
    "ends_at": "2026-02-23T17:00:00Z",
    "excused_minutes": 165,
    "from_level": "2.1",
    "instrument_version": "1999",
    "level_of_care": "2.1",
    "missed_minutes": 0,
    "phone": None,
    "scheduled_minutes": 165,
    "sessions_attended": 9,
    "sessions_excused": 1,
    "source": "Policy of the program, version 1",
    "source_sequence": 21,
    "time_zone": "America/Denver",
    "to_level": "1.5",
    "total": 12,
    "weeks_observed": 4,
    "window_from": "2026-01-26T14:00:00Z",
}
"""Values for properties whose schema does not suggest one; never those of a real person."""


def example_of(schema: Schema) -> dict[str, Any]:
    """An instance of the schema."""
    made: dict[str, Any] = _value(schema, "", schema.get("$defs", {}))
    return made


def _value(schema: Schema, name: str, definitions: dict[str, Schema]) -> Any:
    if "$ref" in schema:
        return _value(definitions[schema["$ref"].rpartition("/")[2]], name, definitions)
    if schema.get("examples"):
        return schema["examples"][0]
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if name in BY_NAME:
        return BY_NAME[name]
    if "anyOf" in schema:
        return _value(schema["anyOf"][0], name, definitions)
    if schema["type"] == "object":
        properties = schema.get("properties", {})
        return {key: _value(part, key, definitions) for key, part in properties.items()}
    if schema["type"] == "array":
        return [_value(schema["items"], name, definitions)]
    return _plain(schema, name)


def _plain(schema: Schema, name: str) -> Any:
    if schema.get("format") == "uuid":
        return f"019c8a4e-2b00-7000-8000-{uuid5(NAMESPACE_URL, name).hex[:12]}"
    if schema.get("format") == "date-time":
        return INSTANT
    if schema.get("format") == "date":
        return INSTANT[:10]
    return {
        "string": name.replace("_", " "),
        "integer": schema.get("minimum", 0),
        "number": 0.0,
        "boolean": True,
    }[schema["type"]]
