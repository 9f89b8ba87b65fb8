"""What a change of a schema breaks, seen from the reader's side.

A reader of the former version goes on validating what publishers of the next one send. So a schema
may promise more than before (new properties, fewer values, tighter bounds), never less.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from stepwell.contracts.schemas import Schema

ABOUT = frozenset(
    {"$schema", "$id", "$defs", "title", "description", "examples", "default", "deprecated"}
)
"""Keywords that say something about the values without limiting them."""
LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
COMPARED = frozenset(
    {"$ref", "type", "enum", "const", "format", "properties", "required", "items", "anyOf"}
) | {"additionalProperties", *LEAST, *MOST}


@dataclass(frozen=True)
class Side:
    """A schema, or a part of one, with the definitions that its references mean."""

    schema: Schema
    definitions: dict[str, Schema]

    @classmethod
    def whole(cls, schema: Schema) -> "Side":
        return cls(schema, schema.get("$defs", {})).resolved()

    def part(self, schema: Schema) -> "Side":
        return Side(schema, self.definitions).resolved()

    def resolved(self) -> "Side":
        if "$ref" not in self.schema:
            return self
        name = self.schema["$ref"].rpartition("/")[2]
        beside = {key: value for key, value in self.schema.items() if key != "$ref"}
        return Side(self.definitions[name] | beside, self.definitions).resolved()

    @property
    def branches(self) -> "list[Side]":
        """The alternatives of an `anyOf`, or the schema as its only one."""
        options = self.schema.get("anyOf")
        return [self.part(option) for option in options] if options else [self]

    @property
    def types(self) -> set[str]:
        given = self.schema.get("type", [])
        return {given} if isinstance(given, str) else set(given)

    @property
    def values(self) -> list[Any] | None:
        """The allowed values when they are listed."""
        if "const" in self.schema:
            return [self.schema["const"]]
        return self.schema.get("enum")


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """What of `new` a reader of `old` would miss or refuse; empty when nothing breaks.

    Beyond what would be refused, a property that is gone counts too, even an optional one: whoever
    reads it would silently get nothing.
    """
    before, after = Side.whole(old), Side.whole(new)
    return [*_gone(before, after, ""), *_refused(before, after, "")]


def refusals(reader: Schema, writer: Schema) -> list[str]:
    """Why a reader that validates with `reader` could refuse what `writer` allows."""
    return list(_refused(Side.whole(reader), Side.whole(writer), ""))


def _gone(old: Side, new: Side, path: str) -> Iterator[str]:
    kept = new.schema.get("properties", {})
    for name, part in old.schema.get("properties", {}).items():
        at = f"{path}/{name}"
        if name not in kept:
            if name not in old.schema.get("required", []):
                yield f"{at} is gone"
            continue
        yield from _gone(old.part(part), new.part(kept[name]), at)
    if "items" in old.schema and "items" in new.schema:
        yield from _gone(old.part(old.schema["items"]), new.part(new.schema["items"]), f"{path}/*")
    if "anyOf" in old.schema:
        for branch in new.branches:
            for former in old.branches:
                if former.types & branch.types & {"object", "array"}:
                    yield from _gone(former, branch, path)


def _refused(reader: Side, writer: Side, path: str) -> Iterator[str]:
    if len(reader.branches) == len(writer.branches) == 1:
        yield from _refused_by_one(reader.branches[0], writer.branches[0], path)
        return
    for branch in writer.branches:
        attempts = [list(_refused_by_one(one, branch, path)) for one in reader.branches]
        if all(attempts):
            yield min(attempts, key=len)[0]


def _refused_by_one(reader: Side, writer: Side, path: str) -> Iterator[str]:
    at = path or "the payload"
    unknown = {
        word
        for word in (reader.schema.keys() | writer.schema.keys()) - ABOUT - COMPARED
        if reader.schema.get(word) != writer.schema.get(word)
    }
    yield from (f"{at} changed in {word}, which is not compared" for word in sorted(unknown))
    if reader.types and not _types_fit(reader.types, writer.types):
        yield f"{at} is {_words(writer.types)}, was {_words(reader.types)}"
        return
    yield from _values(reader, writer, at)
    yield from _bounds(reader.schema, writer.schema, at)
    if "object" in reader.types or "properties" in reader.schema:
        yield from _properties(reader, writer, path)
    if "items" in reader.schema:
        items = writer.schema.get("items", {})
        yield from _refused(reader.part(reader.schema["items"]), writer.part(items), f"{path}/*")


def _types_fit(reader: set[str], writer: set[str]) -> bool:
    known = reader | ({"integer"} if "number" in reader else set())
    return bool(writer) and writer <= known


def _words(types: set[str]) -> str:
    return " or ".join(sorted(types)) or "anything"


def _values(reader: Side, writer: Side, at: str) -> Iterator[str]:
    if reader.values is not None:
        if writer.values is None:
            yield f"{at} may be any value, was one of {reader.values}"
        else:
            added = [value for value in writer.values if value not in reader.values]
            if added:
                yield f"{at} may be {', '.join(map(str, added))}, which readers do not know"
    expected = reader.schema.get("format")
    if expected is not None and writer.schema.get("format") != expected and not writer.values:
        yield f"{at} has the format {writer.schema.get('format')}, was {expected}"


def _bounds(reader: Schema, writer: Schema, at: str) -> Iterator[str]:
    for word in LEAST:
        if word in reader and (word not in writer or writer[word] < reader[word]):
            yield f"{at} may fall below {word} {reader[word]}"
    for word in MOST:
        if word in reader and (word not in writer or writer[word] > reader[word]):
            yield f"{at} may exceed {word} {reader[word]}"


def _properties(reader: Side, writer: Side, path: str) -> Iterator[str]:
    known, sent = reader.schema.get("properties", {}), writer.schema.get("properties", {})
    promised = writer.schema.get("required", [])
    for name in reader.schema.get("required", []):
        if name not in sent:
            yield f"{path}/{name} is gone"
        elif name not in promised:
            yield f"{path}/{name} may be absent"
    for name in sorted(known.keys() & sent.keys()):
        yield from _refused(reader.part(known[name]), writer.part(sent[name]), f"{path}/{name}")
    others = reader.schema.get("additionalProperties", True)
    if others is True:
        return
    for name in sorted(sent.keys() - known.keys()):
        if others is False:
            yield f"{path}/{name} is new, and readers refuse what they do not know"
        else:
            yield from _refused(reader.part(others), writer.part(sent[name]), f"{path}/{name}")
    more = writer.schema.get("additionalProperties", True)
    if more is True:
        yield f"{path or 'the payload'} may hold any further property, was limited"
    elif isinstance(more, dict) and isinstance(others, dict):
        yield from _refused(reader.part(others), writer.part(more), f"{path}/*")
