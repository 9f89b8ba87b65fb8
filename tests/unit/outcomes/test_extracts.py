"""From rows of clients to rows that name nobody."""

from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from services.outcomes.extracts.files import Growing
from services.outcomes.extracts.rules import moved, pseudonym, shift, unfamiliar
from services.outcomes.extracts.tables import TABLES, Table

KEY = b"k" * 32
ORDER = ("gender_group", "age_band")


@given(st.binary(min_size=32, max_size=32), st.uuids(), st.integers(2, 52))
def test_dates_are_moved_by_whole_weeks_and_never_by_none(key: bytes, person: UUID, most: int):
    by = shift(key, person, most)
    assert by % timedelta(weeks=1) == timedelta()
    assert timedelta() != by
    assert abs(by) <= timedelta(weeks=most)


def test_every_shift_is_drawn_for_some_person_and_the_same_for_all_their_days():
    drawn = Counter(shift(KEY, UUID(int=n), 2) // timedelta(weeks=1) for n in range(400))
    assert set(drawn) == {-2, -1, 1, 2}
    assert min(drawn.values()) > 60
    by = timedelta(weeks=-2)
    mondays = [moved(day, by) for day in (date(2026, 10, 26), date(2026, 11, 2))]
    assert mondays == [date(2026, 10, 12), date(2026, 10, 19)]
    assert moved(None, by) is None


def test_an_id_stands_for_nothing_in_another_extract():
    one = UUID(int=1)
    assert pseudonym(KEY, "stay", one) == pseudonym(KEY, "stay", one)
    others = {pseudonym(KEY, "person", one), pseudonym(b"o" * 32, "stay", one)}
    assert pseudonym(KEY, "stay", one) not in others


@given(
    st.lists(
        st.tuples(
            st.integers(0, 14),
            st.sampled_from(["men", "women", None]),
            st.sampled_from(["adult", "older_adult", None]),
        ),
        max_size=40,
    )
)
def test_at_least_so_many_people_share_each_combination(rows: list[tuple[int, str, str]]):
    people = {UUID(int=n + 100): UUID(int=person) for n, (person, *_) in enumerate(rows)}
    traits = {
        UUID(int=n + 100): {"gender_group": gender, "age_band": age}
        for n, (_, gender, age) in enumerate(rows)
    }
    found = unfamiliar(traits, people, ORDER, 5)
    groups: dict[tuple[object, ...], set[UUID]] = {}
    for stay, told in found.items():
        groups.setdefault(tuple(told.values()), set()).add(people[stay])
        assert all(told[name] in (None, traits[stay][name]) for name in told)
    assert all(len(group) >= 5 for group in groups.values())


def test_what_many_share_is_left_as_it_is():
    traits = {UUID(int=n): {"gender_group": "men", "age_band": "adult"} for n in range(5)}
    people = {stay: stay for stay in traits}
    assert unfamiliar(traits, people, ORDER, 5) == traits
    del traits[UUID(int=4)]
    assert unfamiliar(traits, people, ORDER, 5) == {}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_two_extracts_are_read_together_whatever_their_rows_hold(table: Table, tmp_path: Path):
    """By pyarrow and by DuckDB: of one extract every cell is filled, of the other each that may be
    empty is."""
    one_of = {pa.string(): "x", pa.int64(): 2**40, pa.date32(): date(2026, 3, 1), pa.bool_(): True}
    full = {column.name: one_of[column.type] for column in table.columns}
    bare = {c.name: None if c.may_be_empty else full[c.name] for c in table.columns}
    for name, row in (("january", full), ("february", bare)):
        growing = Growing(table)
        growing.add([row, row])
        growing.close()
        file = tmp_path / f"{name}.parquet"
        file.write_bytes(growing.pieces()[f"{table.name}.parquet"])
        assert parquet.read_schema(file).equals(table.schema)
    both = parquet.read_table(tmp_path)
    assert both.schema.equals(table.schema)
    assert sorted(map(str, both.to_pylist())) == sorted(map(str, [full, full, bare, bare]))
    with duckdb.connect() as database:
        read = database.execute("SELECT * FROM read_parquet($1)", [str(tmp_path / "*.parquet")])
        assert sorted(map(str, read.fetchall())) == sorted(
            str(tuple(row.values())) for row in (full, full, bare, bare)
        )


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_row_with_an_empty_column_that_may_not_be_empty_is_refused(table):
    growing = Growing(table)
    with pytest.raises(ValueError, match="null"):
        growing.add([{}])
