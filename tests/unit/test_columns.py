"""Columns by name: what is sent to the database for a list of rows, and for one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import pytest
from asyncpg.pgproto import pgproto
from pydantic import BaseModel

from shared.database.columns import Columns, as_json, insert, select, together, update, upsert

SCORES = Columns.of(client="uuid", total="integer", band="text")


@dataclass
class Note:
    id: UUID
    state: Literal["open", "closed"]
    noted_at: datetime
    sequence: int
    reason: Literal["late"] | Literal["lost"] | None
    headers: list[str]


@dataclass
class Score:
    client: int
    total: int | None
    band: str


def test_rows_become_one_array_a_column_in_the_order_of_the_columns():
    assert SCORES.names == "client, total, band"
    assert SCORES.rows == (
        "unnest($1::uuid[], $2::integer[], $3::text[]) AS given(client, total, band)"
    )
    rows = [Score(1, 7, "mild"), Score(2, None, "none")]
    assert SCORES.arrays(rows) == [[1, 2], [7, None], ["mild", "none"]]
    assert SCORES.arrays([vars(row) for row in rows]) == SCORES.arrays(rows)


def test_columns_of_one_type_are_named_together():
    named = Columns.by_type(uuid="id site_id", date="due_on")
    assert named == Columns.of(id="uuid", site_id="uuid", due_on="date")


def test_rows_are_inserted_by_one_statement():
    into = f"INSERT INTO scores (client, total, band) SELECT * FROM {SCORES.rows}"
    assert SCORES.insert("scores") == into
    assert SCORES.insert("scores", "RETURNING id") == f"{into} RETURNING id"


def test_rows_take_the_place_of_those_with_the_same_key():
    later = SCORES.upsert("scores AS s", "client", "band", suffix="WHERE s.total < excluded.total")
    assert later.endswith(
        "ON CONFLICT (client, band) DO UPDATE SET total = excluded.total "
        "WHERE s.total < excluded.total"
    )


def test_columns_are_the_fields_of_what_is_written():
    assert Columns.like(Note, sequence="bigint", headers="jsonb") == Columns.of(
        id="uuid",
        state="text",
        noted_at="timestamptz",
        sequence="bigint",
        reason="text",
        headers="jsonb",
    )


def test_a_field_whose_type_the_database_does_not_know_is_a_defect():
    with pytest.raises(KeyError, match="list"):
        Columns.like(Note)


def test_no_rows_are_empty_arrays():
    assert SCORES.arrays([]) == [[], [], []]


def test_further_arguments_follow_the_arrays():
    assert (SCORES.next, SCORES.after(1)) == ("$4", "$5")


def test_all_columns_but_the_key_are_replaced_on_conflict():
    assert SCORES.updates("client") == "total = excluded.total, band = excluded.band"


def test_a_row_without_a_column_is_a_defect_that_names_it():
    with pytest.raises(KeyError, match="band"):
        SCORES.arrays([{"client": 1, "total": 2}])


def test_an_insert_has_a_placeholder_for_each_value():
    assert insert("scores", {"client": 1, "total": 2}) == (
        "INSERT INTO scores (client, total) VALUES ($1, $2)",
        1,
        2,
    )
    assert insert("scores", {"client": 1}, suffix="RETURNING total")[0] == (
        "INSERT INTO scores (client) VALUES ($1) RETURNING total"
    )


def test_columns_of_a_select_are_the_fields_of_what_is_read():
    class Shown(BaseModel):
        client: int
        total: int

    assert select(Shown, "scores") == "SELECT client, total FROM scores"
    assert select(Score, "scores") == "SELECT client, total, band FROM scores"


def test_an_update_names_what_changes_and_where_and_raises_the_version():
    assert update("scores", {"total": 7, "band": "mild"}, where={"client": 1}) == (
        "UPDATE scores SET total = $1, band = $2, version = version + 1 WHERE client = $3",
        7,
        "mild",
        1,
    )
    plain = update(
        "scores", {"total": 7}, where={"client": 1}, suffix="RETURNING 1", versioned=False
    )
    assert plain[0] == "UPDATE scores SET total = $1 WHERE client = $2 RETURNING 1"


def test_statements_together_keep_their_own_arguments():
    assert together(
        insert("clients", {"id": 1, "site": 2}),
        ("DELETE FROM keys WHERE client = $1 AND key <> $2 AND site = $1", 1, 9),
        insert("scores", {"client": 1}, suffix="RETURNING total"),
    ) == (
        "WITH part_0 AS (INSERT INTO clients (id, site) VALUES ($1, $2)), "
        "written AS (DELETE FROM keys WHERE client = $3 AND key <> $4 AND site = $3) "
        "INSERT INTO scores (client) VALUES ($5) RETURNING total",
        *(1, 2, 1, 9, 1),
    )


def test_an_upsert_replaces_all_but_the_key():
    assert upsert("scores", {"client": 1, "total": 2, "band": None}, key="client") == (
        "INSERT INTO scores (client, total, band) VALUES ($1, $2, $3) "
        "ON CONFLICT (client) DO UPDATE SET total = excluded.total, band = excluded.band",
        1,
        2,
        None,
    )


class Room(BaseModel):
    """A part of what is written to a column of JSON."""

    id: UUID


def test_an_id_that_came_from_the_database_is_written_as_any_other() -> None:
    read = pgproto.UUID("01999999-0000-7000-8000-000000000001")
    told = '[{"id":"01999999-0000-7000-8000-000000000001"}]'
    assert as_json([Room(id=read)]) == as_json([Room(id=UUID(str(read)))]) == told
