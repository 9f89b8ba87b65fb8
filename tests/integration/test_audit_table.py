"""The table of who looked: append-only, closed to other sites, with room for what is to come."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from shared.database import ALL_SITES, Database
from shared.ids import new_id
from shared.messaging import journal
from tests.conftest import MONDAY
from tests.support.system import System

SITE, OTHER = UUID(int=7), UUID(int=8)


async def rows(system: System) -> list[asyncpg.Record]:
    return await system.fetch("intake", "SELECT * FROM platform.audit")


@pytest.fixture
async def database(system: System) -> AsyncIterator[Database]:
    opened_database = Database(system.databases["intake"])
    await opened_database.open()
    yield opened_database
    await opened_database.close()


INSERT = """
INSERT INTO platform.audit (id, client_id, site_id, occurred_at, subject, role, operation, kind)
VALUES ($1, $2, $3, $4, 'desk-1', 'front_desk', 'show_client', 'read')
"""


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE platform.audit SET subject = 'somebody else'",
        "UPDATE platform.audit SET reason = 'x' WHERE false",
        "DELETE FROM platform.audit",
        "TRUNCATE platform.audit",
        "TRUNCATE platform.audit_default",
        "DROP TABLE platform.audit",
        "ALTER TABLE platform.audit DISABLE TRIGGER ALL",
        "ALTER TABLE platform.audit DISABLE ROW LEVEL SECURITY",
        "INSERT INTO platform.audit_default SELECT * FROM platform.audit",
    ],
)
async def test_the_applications_role_cannot_change_what_was_noted(
    system: System, database: Database, statement: str
) -> None:
    async with database.transaction(ALL_SITES) as tx:
        await tx.execute(INSERT, new_id(), UUID(int=1), SITE, tx.now)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.transaction(ALL_SITES) as tx:
            await tx.execute(statement)
    (row,) = await rows(system)
    assert row["subject"] == "desk-1"


async def test_nobody_goes_round_the_policies_by_way_of_a_partition(
    system: System, database: Database
) -> None:
    async with database.transaction(ALL_SITES) as tx:
        await journal.prepare(tx)
        await tx.execute(INSERT, new_id(), UUID(int=1), SITE, tx.now)
        await tx.execute(INSERT, new_id(), UUID(int=1), SITE, tx.now - timedelta(days=400))
    async with database.transaction(ALL_SITES) as tx:
        for partition in ("audit_2026_02", "audit_default"):
            assert await tx.fetchval(f"SELECT count(*) FROM platform.{partition}") == 0
            assert await tx.execute(f"UPDATE platform.{partition} SET role = 'x'") == "UPDATE 0"
            assert await tx.execute(f"DELETE FROM platform.{partition}") == "DELETE 0"
        assert await tx.fetchval("SELECT count(*) FROM platform.audit") == 2
    async with database.transaction(frozenset((OTHER,))) as tx:
        assert await tx.fetchval("SELECT count(*) FROM platform.audit") == 0


async def test_the_owner_does_not_change_a_row_by_mistake(
    system: System, database: Database
) -> None:
    async with database.transaction(ALL_SITES) as tx:
        await tx.execute(INSERT, new_id(), UUID(int=1), SITE, tx.now)
    for statement in (
        "UPDATE platform.audit SET role = 'x'",
        "DELETE FROM platform.audit_default",
        "TRUNCATE platform.audit",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await system.execute_as_owner("intake", f"SET stepwell.sites = '*'; {statement}")


async def test_partitions_are_made_for_three_months_and_take_the_rows(
    system: System, database: Database
) -> None:
    for _ in range(2):
        async with database.transaction(ALL_SITES) as tx:
            await journal.prepare(tx)
    made_tables = await system.fetch(
        "intake",
        "SELECT c.relname FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid"
        " WHERE inhparent IN ('platform.audit'::regclass, 'platform.journal'::regclass)",
    )
    months = ("2026_02", "2026_03", "2026_04", "default")
    assert {row["relname"] for row in made_tables} == {
        f"{parent}_{month}" for parent in ("audit", "journal") for month in months
    }
    system.set_clock(MONDAY + timedelta(days=65))
    async with database.transaction(ALL_SITES) as tx:
        await journal.prepare(tx)
        await tx.execute(INSERT, new_id(), UUID(int=1), SITE, tx.now)
    (row,) = await system.fetch("intake", "SELECT tableoid::regclass::text FROM platform.audit")
    assert row[0] == "platform.audit_2026_04"
    (found,) = await system.fetch("intake", "SELECT to_regclass('platform.audit_2026_06')::text")
    assert found[0] == "platform.audit_2026_06"


async def test_a_month_whose_rows_strayed_stays_where_they_are(
    system: System, database: Database
) -> None:
    async with database.transaction(ALL_SITES) as tx:
        await tx.execute(INSERT, new_id(), UUID(int=1), SITE, tx.now)
        await journal.prepare(tx)
    (missing,) = await system.fetch("intake", "SELECT to_regclass('platform.audit_2026_02')")
    assert missing[0] is None
    (made,) = await system.fetch("intake", "SELECT to_regclass('platform.audit_2026_03')::text")
    assert made[0] == "platform.audit_2026_03"
