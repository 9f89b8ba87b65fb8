"""An extract names nobody, is made in the background, and goes when its time is over."""

import io
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from services.outcomes.extracts.commands import delete_old
from services.outcomes.extracts.jobs import extracts_job
from services.outcomes.extracts.tables import TABLES
from shared.database import ALL_SITES
from shared.jobs import JobContext
from tests.conftest import MONDAY
from tests.support.outcomes import Outcomes, opened
from tests.support.program_figures import Figures
from tests.support.program_history import SITES, History
from tests.support.scheduling import registry_of
from tests.support.system import Client, System

YEAR = {"starts_from": "2025-03-01", "starts_until": "2026-03-01"}
NOWHERE = "00000000-0000-0000-0000-00000000000d"
DUCKDB = {"string": "VARCHAR", "int64": "BIGINT", "date32[day]": "DATE", "bool": "BOOLEAN"}
"""Types of the dictionary as DuckDB calls them."""
TRAITS = ("gender_group", "age_band", "dual_diagnosis", "state", "level_of_care")


@pytest.fixture
async def outcomes(system: System) -> AsyncIterator[Outcomes]:
    await system.start("outcomes", roles=("api",))
    async with opened(system, "outcomes") as database:
        regional = system.client("outcomes", "regional_operations", list(SITES))
        yield Outcomes(system, database, regional)


async def made(outcomes: Outcomes, **asked: Any) -> dict[str, Any]:
    """An extract, made by the job."""
    answer = await outcomes.lead.post("/extracts", {**YEAR, **asked})
    assert answer.status_code == 201, answer.text
    assert answer.json()["state"] == "queued"
    settings = outcomes.system.settings("outcomes", topics=False)
    assert await extracts_job.run(JobContext(outcomes.database, settings)) == 1
    assert await extracts_job.run(JobContext(outcomes.database, settings)) == 0
    return dict((await outcomes.lead.get(answer.headers["location"])).json())


async def content(client: Client, extract: dict[str, Any], told: dict[str, Any]) -> bytes:
    answer = await client.get(f"/extracts/{extract['id']}/files/{told['name']}")
    assert answer.status_code == 200, answer.text
    assert len(answer.content) == told["bytes"]
    return answer.content


async def read(client: Client, extract: dict[str, Any], name: str) -> pa.Table:
    told = next(one for one in extract["files"] if one["name"] == name)
    whole = io.BytesIO(await content(client, extract, told))
    return parquet.read_table(whole) if name.endswith("parquet") else csv.read_csv(whole)


def duckdb_reads_them_as_the_dictionary_says(
    files: dict[str, bytes], tables: dict[str, pa.Table]
) -> None:
    """Both files of each table, by a reader of somebody else: columns, types and rows."""
    with TemporaryDirectory() as folder, duckdb.connect() as database:
        for name, whole in files.items():
            Path(folder, name).write_bytes(whole)

        def rows(query: str) -> list[tuple[Any, ...]]:
            return list(database.sql(query.replace("@", f"{folder}/")).fetchall())

        said = rows("""SELECT "table", "column", type, may_be_empty FROM '@data_dictionary.csv'""")
        assert {table for table, *_ in said} == tables.keys()
        for name, table in tables.items():
            columns = [(column, DUCKDB[kind]) for of, column, kind, _ in said if of == name]
            found = rows(f"DESCRIBE SELECT * FROM '@{name}.parquet'")
            assert [(column, kind) for column, kind, *_ in found] == columns
            types = ", ".join(f"'{column}': '{kind}'" for column, kind in columns)
            read_csv = f"read_csv('@{name}.csv', header = true, columns = {{{types}}})"
            for source in (f"'@{name}.parquet'", read_csv):
                expected = Counter(tuple(row.values()) for row in table.to_pylist())
                assert Counter(rows(f"SELECT * FROM {source}")) == expected, (name, source)
            for of, column, _, may_be_empty in said:
                if of == name and not may_be_empty:
                    assert None not in table.column(column).to_pylist()


async def test_an_extract_holds_all_stays_and_names_nobody(outcomes: Outcomes) -> None:
    history = History(7, 150, MONDAY.date())
    registry = registry_of("outcomes")
    async with outcomes.database.transaction(ALL_SITES) as tx:
        for received in history.in_some_order():
            await registry.handle(tx, received[0].event.type_name(), received)
    extract = await made(outcomes)
    assert (extract["state"], extract["stays_done"]) == ("made", extract["stays_total"])
    tables = {t.name: await read(outcomes.lead, extract, f"{t.name}.parquet") for t in TABLES}
    for table in TABLES:
        assert tables[table.name].schema.equals(table.schema)
        as_text = await read(outcomes.lead, extract, f"{table.name}.csv")
        assert as_text.num_rows == tables[table.name].num_rows
    dictionary = await read(outcomes.lead, extract, "data_dictionary.parquet")
    assert dictionary.num_rows == sum(len(table.columns) for table in TABLES)

    files = {one["name"]: await content(outcomes.lead, extract, one) for one in extract["files"]}
    duckdb_reads_them_as_the_dictionary_says(files, tables)
    computed = Figures(history.rows, MONDAY.date())
    real = [s for s in computed.stays if "2025-03-01" <= str(s.begins) < "2026-03-01"]
    rows = tables["stays"].to_pylist()
    assert 0.9 * len(real) <= len(rows) <= len(real)
    names = {stay.id for stay in computed.stays} | {stay.client for stay in computed.stays}
    for table in tables.values():
        for row in table.to_pylist():
            assert not names & {str(value) for value in row.values()}
        ids = table.column("stay_id").to_pylist()
        assert ids == sorted(ids), "the order of rows tells nothing of when a stay began"
    lengths = Counter((s.ends - s.begins).days if s.ends else None for s in real)
    found = Counter(row["days"] for row in rows)
    assert all(found[days] <= number for days, number in lengths.items())
    people: defaultdict[tuple[Any, ...], set[str]] = defaultdict(set)
    for row in rows:
        people[tuple(row[name] for name in TRAITS)].add(row["person_id"])
    assert min(map(len, people.values())) >= 11

    other = await made(outcomes, site_ids=[str(next(iter(SITES)))])
    again = await read(outcomes.lead, other, "stays.parquet")
    both = pa.concat_tables([tables["stays"], again])
    assert both.num_rows == len(rows) + again.num_rows
    assert not set(again["person_id"].to_pylist()) & set(tables["stays"]["person_id"].to_pylist())
    kept = await outcomes.system.fetch("outcomes", "SELECT key FROM extracts")
    assert [row["key"] for row in kept] == [None, None]

    outcomes.system.set_clock(MONDAY + timedelta(days=14))
    async with outcomes.database.transaction(ALL_SITES) as tx:
        assert await delete_old(tx) == 2
    gone = await outcomes.lead.get(f"/extracts/{extract['id']}/files/stays.csv")
    assert (gone.status_code, gone.json()["type"]) == (404, "/problems/extract-not-there")
    left = await outcomes.system.fetch("outcomes", "SELECT count(*) AS n FROM extract_parts")
    assert left[0]["n"] == 0


async def test_only_regional_operations_ask_for_sites_that_they_see(outcomes: Outcomes) -> None:
    empty = await outcomes.lead.post("/extracts", YEAR)
    assert empty.json()["errors"][0]["pointer"] == "/site_ids"
    history = History(7, 1, MONDAY.date())
    registry = registry_of("outcomes")
    async with outcomes.database.transaction(ALL_SITES) as tx:
        for received in history.in_some_order():
            if type(received[0].event).__name__ == "SiteOpened":
                await registry.handle(tx, received[0].event.type_name(), received)
    elsewhere = {**YEAR, "site_ids": [str(next(iter(SITES))), NOWHERE]}
    refused = await outcomes.lead.post("/extracts", elsewhere)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/site_ids/1")
    backwards = await outcomes.lead.post("/extracts", {**YEAR, "starts_until": "2025-03-01"})
    assert backwards.json()["errors"][0]["pointer"] == "/starts_until"
    extract = await made(outcomes)
    assert extract["stays_total"] == 0
    assert (await read(outcomes.lead, extract, "stays.parquet")).num_rows == 0
    one_site = outcomes.system.client("outcomes", "regional_operations", [next(iter(SITES))])
    assert (await one_site.get(f"/extracts/{extract['id']}")).status_code == 404
    assert (await one_site.get(f"/extracts/{extract['id']}/files/stays.csv")).status_code == 404
    lead = outcomes.system.client("outcomes", "clinical_lead", list(SITES))
    assert (await lead.get("/extracts")).status_code == 403
