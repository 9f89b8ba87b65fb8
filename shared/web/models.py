"""Shapes that all APIs share: strict requests, shown things, pages."""

import base64
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar
from uuid import UUID

import orjson
from fastapi import Depends, Query
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    model_validator,
)

from shared.errors import Invalid
from shared.literal import Literally

T = TypeVar("T")


def _rfc3339(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _no_number(value: object) -> object:
    """Refuse what would be read as seconds or milliseconds since 1970."""
    if isinstance(value, int | float) or (isinstance(value, str) and not RFC3339.match(value)):
        raise ValueError("Send an RFC 3339 instant with its offset, such as 2026-03-02T14:30:00Z.")
    return value


def _in_range(value: datetime) -> datetime:
    try:
        value.astimezone(UTC)
    except OverflowError:
        raise ValueError("The instant is out of range.") from None
    return value


RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d")

Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_no_number),
    AfterValidator(_in_range),
    PlainSerializer(_rfc3339, return_type=str, when_used="json"),
    Field(examples=["2026-03-02T14:30:00Z"]),
]
"""An instant, shown in UTC as RFC 3339; taken with any offset, never without one."""

FromJson = BeforeValidator(lambda value: orjson.loads(value) if isinstance(value, str) else value)
"""Of what is read from a column of JSON, which the database gives as text."""


class Strict(Literally):
    """A request body or a part of one: unknown fields are refused, nothing changes it later.

    Truth values and numbers are taken literally.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


class Shown(BaseModel):
    """An answer or a part of one.

    `client_key` names the field that holds the client whom it is about, so that it is noted whose
    record was looked at. The fields of `told_once` are secrets: a repetition of the request that
    made them is answered without, as they are not kept.
    """

    model_config = ConfigDict(frozen=True)
    client_key: ClassVar[str] = "client_id"
    told_once: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def from_row(cls, row: Any) -> Self:
        """What a row says whose columns have the names of the fields; others are passed over."""
        return cls.model_validate(dict(row))

    def changed(self, **changes: Any) -> Self:
        """This as `shared.database.update` leaves its row: changed, with the next version."""
        version: int = getattr(self, "version")  # noqa: B009 - not everything shown has one
        return self.model_copy(update={**changes, "version": version + 1})


def described(description: str, *examples: Any, **rules: Any) -> Any:
    """A field in words, with what it may look like; `rules` are those of pydantic's `Field`."""
    if examples:
        rules["examples"] = list(examples)
    return Field(**{"description": description, **rules})


def optional(description: str | None = None, **more: Any) -> Any:
    """What a request may leave out: null by default, and in the example."""
    return Field(**{"default": None, "description": description, "examples": [None], **more})


def exactly_one(*names: str) -> Any:
    """A check of a request: one of these fields is given, and no other. It is given a name in the
    model, as in `says_when: ClassVar = exactly_one("weekday", "rrule")`."""
    *others, last = names
    several = f"one of {', '.join(others)} and {last}"
    words = several if len(names) > 2 else f"either {others[0]} or {last}"

    def check(asked: T) -> T:
        if sum(getattr(asked, name) is not None for name in names) != 1:
            raise ValueError(f"Give {words}.")
        return asked

    return model_validator(mode="after")(check)


class Page(Shown, Generic[T]):
    """A part of a list, and where to go on."""

    items: list[T]
    next: str | None = Field(
        description="Give it as `cursor` to get the next part; null at the end.", examples=[None]
    )


MOST_COUNTED = 1_000


class CountedPage(Page[T], Generic[T]):
    """A part of a list, and how long the list is."""

    count: int = Field(
        description=f"All that match, on whatever page; counting ends at {MOST_COUNTED}.",
        le=MOST_COUNTED,
        examples=[12],
    )


class BadCursor(Invalid):
    """The cursor was not given out by this list."""


def encode_cursor(text: str) -> str:
    """An opaque cursor."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> str:
    """What `encode_cursor` was given.

    Raises:
        BadCursor: for anything else.
    """
    return read_cursor(cursor, str)


def read_cursor(cursor: str, read: Callable[[str], T], write: Callable[[T], str] = str) -> T:
    """The position that a cursor stands for: `read` takes it from the cursor's text.

    A cursor is one of ours when `write` and `encode_cursor` make the same cursor of the position
    again: nothing else gets further, however it is spelt.

    Raises:
        BadCursor: for anything else.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        position = read(base64.b64decode(padded, b"-_", validate=True).decode())
        ours = encode_cursor(write(position)) == cursor
    except (ValueError, OverflowError):  # of the alphabet, of base64, of UTF-8, or of `read`
        ours = False
    if not ours:
        raise BadCursor("Use a `next` value of this list as `cursor`.", pointer="cursor")
    return position


def sequence_number(text: str) -> int:
    """A number that a bigint column holds, counted from 0.

    Raises:
        ValueError: for anything else.
    """
    number = int(text)
    if not 0 <= number < 2**63:
        raise ValueError("out of range")
    return number


class Paging:
    """Where a page starts and how long it is. `after` is the place of the last item shown before:
    its id, or what `read` takes from a cursor, for which it raises ValueError where it is none."""

    beginning: ClassVar[Any] = UUID(int=0)

    def __init__(
        self,
        cursor: Annotated[
            str | None, Query(max_length=200, description="`next` of the page before.")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=200, description="Items a page.")] = 50,
    ) -> None:
        self.limit = limit
        self.after = self.beginning
        if cursor is not None:
            self.after = read_cursor(cursor, self.read, self.written)

    @staticmethod
    def read(text: str) -> Any:
        return UUID(text)

    @staticmethod
    def written(place: Any) -> str:
        return str(place)


Paged = Annotated[Paging, Depends()]
"""A route's parameter by which it shows a page."""


def page_of(
    items: Sequence[T],
    limit: int,
    key: Callable[[T], Any] = lambda item: getattr(item, "id"),  # noqa: B009
) -> Page[T]:
    """A page from `limit + 1` items read; the extra one only says that there is more."""
    shown = list(items[:limit])
    more = len(items) > limit
    return Page(items=shown, next=encode_cursor(str(key(shown[-1]))) if more else None)


class Timeline(Shown, Generic[T]):
    """A part of what happened, newest first; an instant is whole in one part."""

    items: list[T]
    before: Instant | None = Field(
        description="Give it as `before` to get what was earlier; null at the end.", examples=[None]
    )


class Earlier:
    """Which part of a timeline is shown. As parts end where an instant ends, those of several
    services can be laid together in order of time: what is at or after the latest of their
    `before` is complete. Read `limit + 1` rows `WITH TIES`.
    """

    def __init__(
        self,
        before: Annotated[
            Instant | None, Query(description="`before` of the part shown last.")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=200, description="About so many items.")] = 50,
    ) -> None:
        self.before, self.limit = before, limit

    def part(self, found: Sequence[T], at: Callable[[T], datetime]) -> Timeline[T]:
        """The part of what was read, without the last instant where there is more."""
        if len(found) <= self.limit:
            return Timeline(items=list(found), before=None)
        torn = at(found[self.limit])
        whole = [one for one in found if at(one) > torn] or list(found)
        return Timeline(items=whole, before=at(whole[-1]))


def narrowed(*given: tuple[str, Any, *tuple[Any, ...]]) -> tuple[str, list[Any]]:
    """The WHERE clause of those conditions whose values are given, and the values.

    Each `?` in a condition stands for the next of its values. What is not asked for is not in the
    statement, so that its plan is made for what is.
    """
    tests: list[str] = []
    values: list[Any] = []
    for condition, *of_it in given:
        if of_it[0] is not None:
            for value in of_it:
                values.append(value)
                condition = condition.replace("?", f"${len(values)}", 1)
            tests.append(condition)
    return f"WHERE {' AND '.join(tests)}" if tests else "", values


def count_of(rows: str) -> str:
    """The statement that counts the rows of another one, up to `MOST_COUNTED`."""
    return f"SELECT count(*) FROM ({rows} LIMIT {MOST_COUNTED}) AS counted"  # noqa: S608 - both are ours
