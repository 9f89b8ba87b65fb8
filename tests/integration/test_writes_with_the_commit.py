"""What a command leaves for the commit: written together, confirmed together, or not at all."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.contracts.scheduling import SiteOpened
from shared.database import ALL_SITES, Database, Overtaken, Transaction, write_now
from shared.database.pool import PooledConnection
from shared.errors import Conflict
from shared.messaging.outbox import publish
from stepwell.runtime.disposable import Stack
from stepwell.runtime.roles import owner

INSERT = "INSERT INTO things VALUES ($1, $2, 1)"
RENAME = "UPDATE things SET name = $2, version = version + 1 WHERE name = $1 AND version = $3"
FEWER_THAN = "(SELECT count(*) FROM things) < $1"
"""A condition with a parameter of its own."""


class Things:
    """A table, the database as a service uses it, and a connection beside it."""

    def __init__(self, database: Database, beside: "asyncpg.Connection[asyncpg.Record]") -> None:
        self.database = database
        self.beside = beside

    async def found(self) -> list[tuple[str, int]]:
        rows = await self.beside.fetch("SELECT name, version FROM things ORDER BY name")
        return [(row["name"], row["version"]) for row in rows]

    async def events(self) -> int:
        return int(await self.beside.fetchval("SELECT count(*) FROM platform.outbox"))


@pytest.fixture
async def things(stack: Stack) -> AsyncIterator[Things]:
    url = await stack.database("scheduling")
    name = url.rpartition("/")[2].partition("?")[0]
    beside = await asyncpg.connect(stack.url(name, owner("scheduling")))
    await beside.execute("CREATE TABLE things (id uuid, name text UNIQUE, version int)")
    database = Database(url, size=2)
    await database.open()
    yield Things(database, beside)
    await database.close()
    await beside.close()


def tell(tx: Transaction) -> None:
    publish(tx, SiteOpened(site_id=UUID(int=1), time_zone="America/Denver", opened_at=tx.now))


async def test_writes_are_sent_with_the_commit_and_see_the_tables_as_before(things: Things):
    async with things.database.transaction(ALL_SITES) as tx:
        tx.write(INSERT, uuid4(), "a")
        tx.write(INSERT, uuid4(), "b", unwritten=Overtaken())
        tx.require(FEWER_THAN, 1, otherwise=Overtaken())
        tell(tx)
        assert await tx.fetchval("SELECT count(*) FROM things") == 0
    assert await things.found() == [("a", 1), ("b", 1)]
    assert await things.events() == 1


async def test_what_must_be_written_and_is_not_undoes_all(things: Things):
    with pytest.raises(Conflict, match="Somebody else renamed it"):  # noqa: PT012 - the commit raises
        async with things.database.transaction(ALL_SITES) as tx:
            await tx.execute(INSERT, uuid4(), "before")
            tx.write(INSERT, uuid4(), "a")
            tx.write(RENAME, "a", "b", 1, unwritten=Conflict("Somebody else renamed it."))
            tell(tx)
    assert (await things.found(), await things.events()) == ([], 0)


async def test_of_two_that_write_nothing_the_first_is_told(things: Things):
    with pytest.raises(Conflict, match="first"):  # noqa: PT012 - the commit raises
        async with things.database.transaction(ALL_SITES) as tx:
            tx.write(RENAME, "a", "b", 1, unwritten=Conflict("first"))
            tx.write(RENAME, "c", "d", 1, unwritten=Conflict("second"))


async def test_a_requirement_that_does_not_hold_undoes_all(things: Things):
    with pytest.raises(Conflict, match="There are enough"):  # noqa: PT012 - the commit raises
        async with things.database.transaction(ALL_SITES) as tx:
            tx.write(INSERT, uuid4(), "a")
            tx.require(FEWER_THAN, 0, otherwise=Conflict("There are enough."))
            tell(tx)
    assert (await things.found(), await things.events()) == ([], 0)


async def test_a_requirement_that_is_neither_true_nor_false_does_not_hold(things: Things):
    with pytest.raises(Overtaken):
        async with things.database.transaction(ALL_SITES) as tx:
            tx.require("(SELECT version = 1 FROM things)", otherwise=Overtaken())


async def test_a_requirement_sees_what_others_committed_since_the_read(things: Things):
    with pytest.raises(Overtaken):  # noqa: PT012 - the commit raises
        async with things.database.transaction(ALL_SITES) as tx:
            assert await tx.fetchval("SELECT count(*) FROM things") == 0
            tx.write(INSERT, uuid4(), "a")
            tx.require(FEWER_THAN, 1, otherwise=Overtaken())
            await things.beside.execute(INSERT, uuid4(), "b")
    assert await things.found() == [("b", 1)]


async def test_a_requirement_sees_what_the_transaction_wrote_before(things: Things):
    async with things.database.transaction(ALL_SITES) as tx:
        await tx.execute(INSERT, uuid4(), "a")
        tx.require("EXISTS (SELECT FROM things WHERE name = $1)", "a", otherwise=Overtaken())
    assert await things.found() == [("a", 1)]


async def test_what_was_left_for_the_commit_can_be_written_earlier(things: Things):
    async with things.database.transaction(ALL_SITES) as tx:
        tx.write(INSERT, uuid4(), "a", unwritten=Overtaken())
        tx.require(FEWER_THAN, 1, otherwise=Overtaken())
        tell(tx)
        await write_now(tx)
        assert await tx.fetchval("SELECT count(*) FROM things") == 1
        tx.write(RENAME, "a", "b", 1, unwritten=Overtaken())
    assert (await things.found(), await things.events()) == ([("b", 2)], 1)


async def test_what_is_written_earlier_fails_as_it_would_with_the_commit(things: Things):
    async with things.database.transaction(ALL_SITES) as tx:
        tx.write(INSERT, uuid4(), "a")
        await write_now(tx)
        await write_now(tx)
        tx.write(RENAME, "b", "c", 1, unwritten=Overtaken())
        with pytest.raises(Overtaken):
            await write_now(tx)
        tx.writes.clear()


async def test_a_violated_constraint_is_told_in_the_words_given(things: Things):
    await things.beside.execute(INSERT, uuid4(), "a")
    with pytest.raises(Conflict, match="taken"):
        async with things.database.transaction(ALL_SITES) as tx:
            tx.write(INSERT, uuid4(), "a", unwritten=Overtaken(), things_name_key=Conflict("taken"))


PROTECTED = """
CREATE TABLE kept (site_id uuid, name text CONSTRAINT kept_name UNIQUE);
ALTER TABLE kept ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON kept USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));
"""
KEEP = "INSERT INTO kept VALUES ($1, $2)"
OURS, THEIRS = UUID(int=7), UUID(int=8)


@pytest.fixture
async def kept(things: Things) -> Things:
    await things.beside.execute(PROTECTED)
    return things


async def names(things: Things) -> list[str]:
    await things.beside.execute("SET stepwell.sites = '*'")
    return [r["name"] for r in await things.beside.fetch("SELECT name FROM kept ORDER BY name")]


async def test_writes_with_nothing_before_them_are_one_statement(
    kept: Things, monkeypatch: pytest.MonkeyPatch
):
    sent: list[str] = []
    for way in ("execute", "fetch", "fetchrow", "fetchval"):
        real = getattr(PooledConnection, way)

        async def noted(
            self: Any, query: str, *args: object, real: Any = real, **more: Any
        ) -> object:
            sent.append(query)
            return await real(self, query, *args, **more)

        monkeypatch.setattr(PooledConnection, way, noted)
    async with kept.database.transaction(frozenset((OURS, THEIRS))) as tx:
        tx.write(KEEP, OURS, "a")
        tx.write(KEEP, THEIRS, "b")
        tell(tx)
    assert len(sent) == 1
    async with kept.database.transaction(frozenset((OURS,))) as tx:
        pass
    assert len(sent) == 1
    assert (await names(kept), await kept.events()) == (["a", "b"], 1)


@pytest.mark.parametrize("sites", [frozenset[UUID](), frozenset((OURS,))])
@pytest.mark.parametrize("opened", [True, False])
async def test_a_write_reaches_only_sites_of_the_transaction(
    kept: Things, sites: frozenset[UUID], opened: bool
):
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level"):  # noqa: PT012 - the commit raises
        async with kept.database.transaction(sites) as tx:
            if opened:
                await tx.execute("SELECT 1")
            tx.write("INSERT INTO things VALUES ($1, 'beside', 1)", uuid4())
            tx.write(KEEP, THEIRS, "a")
            tell(tx)
    assert (await names(kept), await kept.found(), await kept.events()) == ([], [], 0)


async def test_sites_of_one_transaction_are_forgotten_in_the_next(kept: Things):
    async with kept.database.pool.acquire() as held:
        for sites in (ALL_SITES, frozenset((THEIRS,))):
            async with kept.database.transaction(sites) as tx:
                tx.write(KEEP, THEIRS, str(sites))
            async with kept.database.transaction(frozenset((OURS,))) as tx:
                assert await tx.fetch("SELECT FROM kept") == []
            async with kept.database.pool.acquire() as same:
                assert not await same.fetchval("SELECT current_setting('stepwell.sites', true)")
        assert not held.is_closed()


async def test_a_lone_write_that_violates_a_constraint_is_told_in_the_words_given(kept: Things):
    async with kept.database.transaction(ALL_SITES) as tx:
        tx.write(KEEP, OURS, "a")
    with pytest.raises(Conflict, match="taken"):  # noqa: PT012 - the commit raises
        async with kept.database.transaction(ALL_SITES) as tx:
            tx.write(KEEP, OURS, "a", kept_name=Conflict("taken"))
            tell(tx)
    assert (await names(kept), await kept.events()) == (["a"], 0)


async def test_a_lone_update_changes_rows_of_its_sites_and_no_others(kept: Things):
    async with kept.database.transaction(ALL_SITES) as tx:
        tx.write(KEEP, OURS, "a")
        tx.write(KEEP, THEIRS, "b")
    async with kept.database.transaction(frozenset((OURS,))) as tx:
        tx.write("UPDATE kept SET name = name || $1", "+")
    assert await names(kept) == ["a+", "b"]


async def test_a_transaction_cut_off_while_it_opens_leaves_its_connection_as_it_was(kept: Things):
    database = Database(kept.database.url, size=1)
    await database.open()
    for moment in range(4):  # before it is sent, while it is under way, and later
        cut = asyncio.create_task(_looking(database))
        for _ in range(moment):
            await asyncio.sleep(0)
        cut.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await cut
        async with database.pool.acquire() as connection:
            assert not connection.is_in_transaction()
            assert not await connection.fetchval("SELECT current_setting('stepwell.sites', true)")
        async with database.transaction(frozenset((OURS,))) as tx:
            tx.write(KEEP, OURS, str(moment))
    await database.close()
    assert await names(kept) == ["0", "1", "2", "3"]


async def _looking(database: Database) -> None:
    async with database.transaction(ALL_SITES) as tx:
        await tx.fetch("SELECT pg_sleep(5)")
