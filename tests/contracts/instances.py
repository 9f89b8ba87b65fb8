"""Hypothesis strategies for what a generated schema allows, with properties nobody knows."""

from typing import Any

from hypothesis import strategies as st

from stepwell.contracts.schemas import Schema

UNKNOWN = "a_property_of_a_later_version"
FORMATS = {
    "uuid": st.uuids().map(str),
    "date-time": st.datetimes().map(lambda instant: f"{instant.isoformat()}Z"),
}
PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(max_size=12),
    "integer": st.integers(-(2**31), 2**31),
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "null": st.none(),
}


def instances(schema: Schema, *, newer: bool = True) -> st.SearchStrategy[Any]:
    """Instances of the schema; with `newer`, objects also hold a property it does not name."""
    return _values(schema, schema.get("$defs", {}), newer)


def _values(schema: Schema, definitions: dict[str, Schema], newer: bool) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return _values(definitions[schema["$ref"].rpartition("/")[2]], definitions, newer)
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema:
        return st.one_of([_values(part, definitions, newer) for part in schema["anyOf"]])
    if schema["type"] == "array":
        return st.lists(_values(schema["items"], definitions, newer), max_size=3)
    if schema["type"] == "object" and "properties" not in schema:
        of = _values(schema["additionalProperties"], definitions, newer)
        return st.dictionaries(st.sampled_from(["attended", "sessions", "total"]), of)
    if schema["type"] == "object":
        known = {
            name: _values(part, definitions, newer) for name, part in schema["properties"].items()
        }
        optional = known.keys() - set(schema.get("required", []))
        unknown = {UNKNOWN: st.one_of(*PLAIN.values())} if newer else {}
        return st.fixed_dictionaries(
            {name: one for name, one in known.items() if name not in optional} | unknown,
            optional={name: known[name] for name in sorted(optional)},
        )
    return FORMATS.get(schema.get("format", ""), PLAIN[schema["type"]])
