"""Columns by name: rows to arrays for `unnest`, a row to an INSERT or UPDATE, and the columns of a
SELECT from what is read. SQL stays SQL.

A field is named once where it is written; nobody counts placeholders.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import cache
from operator import attrgetter, itemgetter
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import orjson
from pydantic import BaseModel

SQL_TYPES = {
    bool: "boolean",
    bytes: "bytea",
    date: "date",
    datetime: "timestamptz",
    int: "integer",
    str: "text",
    UUID: "uuid",
}

PARAMETER = re.compile(r"\$(\d+)")
Statement = tuple[Any, ...]
"""A statement and its arguments: `await tx.execute(*statement)`."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns of rows that go to the database as arrays: name → SQL type.

    `SCORES.insert("scores")` with `*SCORES.arrays(...)` writes any number of rows in one statement;
    other statements name `SCORES.names` and `SCORES.rows`. Arguments of a statement's own follow
    the arrays: the first of them is `SCORES.next`, the second `SCORES.after(1)`.
    """

    types: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, **types: str) -> "Columns":
        """Columns in the order given: `Columns.of(client_id="uuid", total="integer")`."""
        return cls(tuple(types.items()))

    @classmethod
    def by_type(cls, **names: str) -> "Columns":
        """Columns by their SQL types, where many have the same one:
        `Columns.by_type(uuid="client_id site_id", text="kind", date="due_on until_on")`."""
        return cls(tuple((name, kind) for kind, those in names.items() for name in those.split()))

    @classmethod
    def like(cls, row: type, **types: str) -> "Columns":
        """The fields of a dataclass, for rows that are such objects. `types` names the SQL type of
        those that are not of `SQL_TYPES`, or are larger: `Columns.like(Note, sequence="bigint")`.

        Raises:
            KeyError: the type of a field is unknown.
        """
        hints = get_type_hints(row)
        names = [field.name for field in fields(row)]
        return cls(tuple((n, types.get(n) or SQL_TYPES[_plain(hints[n])]) for n in names))

    @property
    def names(self) -> str:
        """`client_id, total`."""
        return ", ".join(name for name, _ in self.types)

    @property
    def rows(self) -> str:
        """`unnest($1::uuid[], $2::integer[]) AS given(client_id, total)`."""
        arrays = ", ".join(f"${n}::{kind}[]" for n, (_, kind) in enumerate(self.types, 1))
        return f"unnest({arrays}) AS given({self.names})"

    @property
    def next(self) -> str:
        """The placeholder of the first argument after the arrays."""
        return self.after(0)

    def after(self, count: int) -> str:
        """The placeholder of the argument that follows the arrays and `count` others."""
        return f"${len(self.types) + 1 + count}"

    def insert(self, table: str, suffix: str = "") -> str:
        """The statement that inserts rows, to be given their `arrays`. `suffix` is more SQL, such
        as `ON CONFLICT DO NOTHING`. Table and columns are ours, never input."""
        return f"INSERT INTO {table} ({self.names}) SELECT * FROM {self.rows} {suffix}".rstrip()  # noqa: S608 - ours

    def upsert(self, table: str, *key: str, suffix: str = "") -> str:
        """As `insert`; where a row has the same `key`, the one that is given takes its place. With
        `suffix="WHERE t.sequence < excluded.sequence"` it does so only where that holds."""
        changes = f"DO UPDATE SET {self.updates(*key)}"
        return self.insert(table, f"ON CONFLICT ({', '.join(key)}) {changes} {suffix}".rstrip())

    def updates(self, *but: str) -> str:
        """`total = excluded.total`, for ON CONFLICT DO UPDATE; without the columns `but`."""
        return ", ".join(f"{n} = excluded.{n}" for n, _ in self.types if n not in but)

    def arrays(self, rows: Iterable[Any]) -> list[list[Any]]:
        """The columns of `rows`, which are mappings or objects with attributes of these names."""
        known = list(rows)
        get = itemgetter if known and isinstance(known[0], Mapping) else attrgetter
        return [[get(name)(row) for row in known] for name, _ in self.types]


def _plain(hint: Any) -> Any:
    """The type of a field's values that are not None: of a Literal that of its words."""
    if get_origin(hint) in (Union, UnionType):
        kinds = {_plain(one) for one in get_args(hint)} - {NoneType}
        return kinds.pop() if len(kinds) == 1 else hint
    return type(get_args(hint)[0]) if get_origin(hint) is Literal else hint


def as_json(value: Any) -> str:
    """What is written to a column of JSON: models within are told as they are."""
    return orjson.dumps(value, default=_told).decode()


def _told(value: Any) -> Any:
    """A model, or an id as the driver gives it, whose type orjson does not take for an id."""
    return str(value) if isinstance(value, UUID) else BaseModel.model_dump(value)


def names(model: type[Any]) -> str:
    """`id, total`: the columns that have the names of the fields of `model`.

    So what is read follows the answer that shows it, and a field is added there alone.
    """
    return ", ".join(getattr(model, "model_fields", None) or model.__dataclass_fields__)


def select(model: type[Any], table: str) -> str:
    """`SELECT id, total FROM scores`, the columns being those of `names`."""
    return f"SELECT {names(model)} FROM {table}"  # noqa: S608 - ours


def insert(table: str, row: Mapping[str, Any], *, suffix: str = "") -> Statement:
    """The statement that inserts `row` (column → value), and its arguments.

    Use it as `await tx.execute(*insert("diagnoses", row))`. `suffix` is more SQL, such as
    `ON CONFLICT DO NOTHING` or `RETURNING version`. Table and columns are ours, never input.
    """
    return _insert(table, tuple(row), suffix), *row.values()


def upsert(table: str, row: Mapping[str, Any], *, key: str) -> Statement:
    """As `insert`; where a row has the same `key`, all that `row` names takes its place."""
    changes = ", ".join(f"{name} = excluded.{name}" for name in row if name != key)
    return insert(table, row, suffix=f"ON CONFLICT ({key}) DO UPDATE SET {changes}")


def update(
    table: str,
    changes: Mapping[str, Any],
    *,
    where: Mapping[str, Any],
    suffix: str = "",
    versioned: bool = True,
) -> Statement:
    """The statement that changes columns where others have the values of `where`, and its
    arguments; the row's `version`, by which its ETag is made, goes up by one.

    Use it as `await tx.execute(*update("coverages", changes, where={"id": coverage_id}))`.
    """
    statement = _update(table, tuple(changes), tuple(where), suffix, versioned)
    return statement, *changes.values(), *where.values()


def together(*statements: Statement) -> Statement:
    """Several statements as one, which is one round trip; rows and status are the last one's.

    Each sees the tables as they were before all of them, so no two may change the same row. What
    the one before it returns the last may read as the table `written`.
    """
    return (
        _together(tuple(statement for statement, *_ in statements)),
        *(argument for _, *arguments in statements for argument in arguments),
    )


@cache
def _insert(table: str, names: tuple[str, ...], suffix: str) -> str:
    marks = ", ".join(f"${n}" for n in range(1, len(names) + 1))
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks}) {suffix}"  # noqa: S608 - ours
    return statement.rstrip()


@cache
def _update(
    table: str, names: tuple[str, ...], where: tuple[str, ...], suffix: str, versioned: bool
) -> str:
    changes = [f"{name} = ${n}" for n, name in enumerate(names, 1)]
    tests = [f"{name} = ${n}" for n, name in enumerate(where, len(names) + 1)]
    if versioned:
        changes.append("version = version + 1")
    statement = f"UPDATE {table} SET {', '.join(changes)} WHERE {' AND '.join(tests)} {suffix}"  # noqa: S608 - ours
    return statement.rstrip()


@cache
def _together(statements: tuple[str, ...]) -> str:
    *others, last = numbered(statements)
    if not others:
        return last
    names = [*(f"part_{n}" for n in range(len(others) - 1)), "written"]
    parts = ", ".join(f"{name} AS ({one})" for name, one in zip(names, others, strict=True))
    return f"WITH {parts} {last}"


def numbered(parts: Iterable[str]) -> list[str]:
    """Parts of one statement, each of which counts its parameters from 1, with its parameters
    counted on from those of the parts before."""
    made: list[str] = []
    before = 0
    for part in parts:
        made.append(PARAMETER.sub(lambda m, n=before: f"${int(m[1]) + n}", part))  # type: ignore[misc]  # bound now, not later
        before += max((int(number) for number in PARAMETER.findall(part)), default=0)
    return made
