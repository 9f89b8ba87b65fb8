"""Text of a form becomes the JSON of a request, by the shape that the operation's body has.

Field names are paths: `body.entries.0.status`. A box that stands for several fields at once has
them as its value, as `instrument=phq-9&version=1.0`. Numbered answers keep their place where one
of them is empty. What cannot be made the wanted kind is sent as it
stands, so that the service refuses it in its own words, at the field.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Tree = Any
MISSING = object()


def body_of(fields: Iterable[tuple[str, str]], tree: Tree, zone: str | None = None) -> Any:
    """The body that fields named `body.…` make; None for an operation without one.

    Args:
        zone: by whose clock local times without an offset are meant.
    """
    if tree is None:
        return None
    nested: dict[str, Any] = {}
    for name, value in fields:
        if not name.startswith("body."):
            continue
        *above, last = name.split(".")[1:]
        place = nested
        for part in above:
            below = place.setdefault(part, {})
            if not isinstance(below, dict):
                break
            place = below
        else:
            if isinstance(several := place.setdefault(last, []), list):
                several.append(value)
    made = _made(nested, tree, zone)
    return {} if made is MISSING else made


def _made(given: Any, tree: Tree, zone: str | None) -> Any:
    if isinstance(given, dict):
        return _nested(given, tree, zone)
    if isinstance(tree, dict) and "list" in tree:
        made = [_made([one], tree["list"], zone) for one in given]
        return [one for one in made if one is not MISSING] or MISSING
    text = given[-1].strip() if given else ""
    if not text:
        return MISSING
    if isinstance(tree, dict):
        return _nested({name: [value] for name, value in parse_qsl(text)}, tree, zone)
    return _scalar(text, tree if isinstance(tree, str) else "string", zone)


def _nested(given: Mapping[str, Any], tree: Tree, zone: str | None) -> Any:
    kind: str = next(iter(tree)) if isinstance(tree, dict) else "map"
    below: Any = tree[kind] if isinstance(tree, dict) else "string"
    if kind == "list":
        rows = sorted(given.items(), key=lambda row: row[0].zfill(6))
        made = [_made(row, below, zone) for _, row in rows]
        if isinstance(below, str):
            return [None if one is MISSING else one for one in made]
        return [one for one in made if one is not MISSING] or MISSING
    fields = {
        name: _made(value, below.get(name, "string") if kind == "object" else below, zone)
        for name, value in given.items()
        if kind != "object" or name in below
    }
    return {name: value for name, value in fields.items() if value is not MISSING} or MISSING


def _scalar(text: str, kind: str, zone: str | None) -> Any:
    if kind == "integer":
        with suppress(ValueError):
            return int(text)
    if kind == "number":
        with suppress(ValueError):
            return float(text)
    if kind == "boolean":
        return {"true": True, "on": True, "false": False}.get(text, text)
    if kind == "instant":
        with suppress(ValueError, ZoneInfoNotFoundError):
            local = datetime.fromisoformat(text)
            if local.tzinfo is None and zone:
                return local.replace(tzinfo=ZoneInfo(zone)).isoformat()
    return text
