"""Each rule by which a change of a schema breaks a reader of the former version, or does not."""

from typing import Any

import pytest

from stepwell.contracts.compatibility import breaking_changes, refusals
from stepwell.contracts.schemas import Schema

TEXT = {"type": "string"}
NUMBER = {"type": "integer"}
MAYBE = {"anyOf": [TEXT, {"type": "null"}]}


def event(*required: str, **properties: Any) -> Schema:
    """A schema with these properties; those named in `required` are always sent."""
    return {"type": "object", "properties": properties, "required": list(required)}


def listed(*values: str) -> Schema:
    return {"type": "string", "enum": list(values)}


BREAKING = {
    "a required property is removed": (
        event("level", level=TEXT),
        event(),
        "/level is gone",
    ),
    "an optional property is removed": (event(level=TEXT), event(), "/level is gone"),
    "a property is renamed": (
        event("level", level=TEXT),
        event("to_level", to_level=TEXT),
        "/level is gone",
    ),
    "a promised property may be absent": (
        event("level", level=TEXT),
        event(level=TEXT),
        "/level may be absent",
    ),
    "the type changes": (
        event("level", level=TEXT),
        event("level", level=NUMBER),
        "/level is integer, was string",
    ),
    "whole numbers become fractions": (
        event("total", total=NUMBER),
        event("total", total={"type": "number"}),
        "/total is number, was integer",
    ),
    "the type is no longer said": (
        event("level", level=TEXT),
        event("level", level={}),
        "/level is anything, was string",
    ),
    "null is newly allowed": (
        event("level", level=TEXT),
        event("level", level=MAYBE),
        "/level is null, was string",
    ),
    "a list of values grows": (
        event("kind", kind=listed("group")),
        event("kind", kind=listed("group", "family")),
        "/kind may be family, which readers do not know",
    ),
    "a list of values is given up": (
        event("kind", kind=listed("group")),
        event("kind", kind=TEXT),
        "/kind may be any value, was one of ['group']",
    ),
    "a constant changes": (
        event("source", source={"type": "string", "const": "scheduling"}),
        event("source", source={"type": "string", "const": "intake"}),
        "/source may be intake, which readers do not know",
    ),
    "the format changes": (
        event("at", at={"type": "string", "format": "date-time"}),
        event("at", at={"type": "string", "format": "date"}),
        "/at has the format date, was date-time",
    ),
    "the format is given up": (
        event("at", at={"type": "string", "format": "date-time"}),
        event("at", at=TEXT),
        "/at has the format None, was date-time",
    ),
    "a lower bound falls": (
        event("minutes", minutes={"type": "integer", "minimum": 1}),
        event("minutes", minutes={"type": "integer", "minimum": 0}),
        "/minutes may fall below minimum 1",
    ),
    "an upper bound goes away": (
        event("minutes", minutes={"type": "integer", "maximum": 600}),
        event("minutes", minutes=NUMBER),
        "/minutes may exceed maximum 600",
    ),
    "a text may be longer": (
        event("code", code={"type": "string", "maxLength": 4}),
        event("code", code={"type": "string", "maxLength": 5}),
        "/code may exceed maxLength 4",
    ),
    "a pattern changes": (
        event("code", code={"type": "string", "pattern": "^[A-Z]+$"}),
        event("code", code={"type": "string", "pattern": "^[a-z]+$"}),
        "/code changed in pattern, which is not compared",
    ),
    "items of a list change": (
        event("scores", scores={"type": "array", "items": event("total", total=NUMBER)}),
        event("scores", scores={"type": "array", "items": event()}),
        "/scores/*/total is gone",
    ),
    "items of a list are no longer said": (
        event("scores", scores={"type": "array", "items": TEXT}),
        event("scores", scores={"type": "array"}),
        "/scores/* is anything, was string",
    ),
    "a nested optional property is removed": (
        event("policy", policy=event("id", id=TEXT, note=TEXT)),
        event("policy", policy=event("id", id=TEXT)),
        "/policy/note is gone",
    ),
    "an optional property in an alternative is removed": (
        event("policy", policy={"anyOf": [event(note=TEXT), {"type": "null"}]}),
        event("policy", policy={"anyOf": [event(), {"type": "null"}]}),
        "/policy/note is gone",
    ),
    "a new property meets readers who refuse the unknown": (
        event() | {"additionalProperties": False},
        event(level=TEXT) | {"additionalProperties": False},
        "/level is new, and readers refuse what they do not know",
    ),
    "further properties meet readers who refuse the unknown": (
        event() | {"additionalProperties": False},
        event(),
        "the payload may hold any further property, was limited",
    ),
    "values of a map change": (
        event("sums", sums={"type": "object", "additionalProperties": NUMBER}),
        event("sums", sums={"type": "object", "additionalProperties": TEXT}),
        "/sums/* is string, was integer",
    ),
}

HARMLESS = {
    "nothing changes": (event("level", level=TEXT), event("level", level=TEXT)),
    "a property is added": (event(), event("level", level=TEXT)),
    "an optional property is promised": (event(level=TEXT), event("level", level=TEXT)),
    "null is no longer sent": (event("level", level=MAYBE), event("level", level=TEXT)),
    "a list of values shrinks": (
        event("kind", kind=listed("group", "family")),
        event("kind", kind=listed("group")),
    ),
    "a text becomes a list of values": (
        event("kind", kind=TEXT),
        event("kind", kind=listed("group")),
    ),
    "fractions become whole numbers": (
        event("total", total={"type": "number"}),
        event("total", total=NUMBER),
    ),
    "a bound becomes tighter": (
        event("minutes", minutes={"type": "integer", "minimum": 0}),
        event("minutes", minutes={"type": "integer", "minimum": 1, "maximum": 600}),
    ),
    "a format is promised": (event("at", at=TEXT), event("at", at=TEXT | {"format": "uuid"})),
    "the description changes": (
        event("level", level=TEXT | {"description": "Level."}),
        event("level", level=TEXT | {"description": "Level of care.", "examples": ["2.1"]}),
    ),
}


@pytest.mark.parametrize("change", BREAKING)
def test_a_reader_breaks_when(change: str) -> None:
    old, new, expected = BREAKING[change]
    assert breaking_changes(old, new) == [expected]


@pytest.mark.parametrize("change", HARMLESS)
def test_a_reader_goes_on_when(change: str) -> None:
    old, new = HARMLESS[change]
    assert breaking_changes(old, new) == []


def test_a_definition_that_moves_is_no_change() -> None:
    old = event("policy", policy={"$ref": "#/$defs/Policy"})
    old |= {"$defs": {"Policy": event("id", id=TEXT)}}
    new = event("policy", policy={"$ref": "#/$defs/PolicyReference"})
    new |= {"$defs": {"PolicyReference": event("id", id=TEXT)}}
    assert breaking_changes(old, new) == []


def test_a_change_behind_a_reference_is_found() -> None:
    old = event("policy", policy={"$ref": "#/$defs/Policy"})
    new = old | {"$defs": {"Policy": event("id", id=NUMBER)}}
    old |= {"$defs": {"Policy": event("id", id=TEXT)}}
    assert breaking_changes(old, new) == ["/policy/id is integer, was string"]


def test_a_reader_with_a_default_accepts_what_was_never_sent() -> None:
    assert refusals(event(reason=TEXT), event()) == []
    assert refusals(event("reason", reason=TEXT), event()) == ["/reason is gone"]
