"""A transaction: its events and positions are written with its commit, or nothing of it is."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.contracts.scheduling import SiteOpened
from shared.database import ALL_SITES, Database, Transaction, planned_each
from shared.database.pool import USUAL, PooledConnection
from shared.database.transaction import AppliedElsewhere
from shared.errors import Conflict
from shared.messaging import positions
from shared.messaging.outbox import publish
from shared.messaging.plan import StreamKey
from stepwell.runtime.disposable import Stack
from stepwell.runtime.roles import owner

INSERT = "INSERT INTO things VALUES ($1, $2)"


class Things:
    """A table, the database as a service uses it, and a connection beside it."""

    def __init__(self, database: Database, beside: "asyncpg.Connection[asyncpg.Record]") -> None:
        self.database = database
        self.beside = beside

    async def found(self) -> list[str]:
        rows = await self.beside.fetch("SELECT name FROM things ORDER BY name")
        return [row["name"] for row in rows]

    async def events(self) -> int:
        return int(await self.beside.fetchval("SELECT count(*) FROM platform.outbox"))


@pytest.fixture
async def things(stack: Stack) -> AsyncIterator[Things]:
    url = await stack.database("scheduling")
    name = url.rpartition("/")[2].partition("?")[0]
    beside = await asyncpg.connect(stack.url(name, owner("scheduling")))
    await beside.execute("CREATE TABLE things (id uuid, name text UNIQUE)")
    database = Database(url, size=2)
    await database.open()
    yield Things(database, beside)
    await database.close()
    await beside.close()


def tell(tx: Transaction) -> None:
    publish(tx, SiteOpened(site_id=UUID(int=1), time_zone="America/Denver", opened_at=tx.now))


async def test_an_event_is_committed_with_what_it_tells_or_not_at_all(things: Things):
    async with things.database.transaction(ALL_SITES) as tx:
        await tx.execute(INSERT, uuid4(), "a")
        tell(tx)
    assert (await things.found(), await things.events()) == (["a"], 1)
    with pytest.raises(Conflict):  # noqa: PT012 - what came before is undone
        async with things.database.transaction(ALL_SITES) as tx:
            await tx.execute(INSERT, uuid4(), "b")
            tell(tx)
            raise Conflict("not now")
    assert (await things.found(), await things.events()) == (["a"], 1)


async def test_writes_wait_for_what_comes_next_and_are_there_when_it_is_asked(things: Things):
    async with things.database.transaction(ALL_SITES) as tx:
        await tx.write(INSERT, uuid4(), "a")
        assert not tx.opened
        assert await tx.fetchval("SELECT count(*) FROM things") == 1
        await tx.write(INSERT, uuid4(), "b")
        await tx.write(INSERT, uuid4(), "c")  # the same query again: the first goes out before it
        assert [len(tx.writes), await things.found()] == [1, []]
        gone = ("DELETE FROM things WHERE name = $1 RETURNING name", "a")
        read = await tx.write_and_read(gone, ("SELECT name, count(*) OVER () FROM written",))
        assert list(map(tuple, read)) == [("a", 1)]
        await tx.write("DELETE FROM things WHERE name = $1", "b")
        tell(tx)
    assert (await things.found(), await things.events()) == (["c"], 1)


async def test_a_write_that_waits_undoes_all_when_it_fails_with_the_commit(things: Things):
    with pytest.raises(asyncpg.UniqueViolationError):  # noqa: PT012 - it fails at the end
        async with things.database.transaction(ALL_SITES) as tx:
            await tx.execute(INSERT, uuid4(), "a")
            await tx.write(INSERT, uuid4(), "a")
            tell(tx)
    assert (await things.found(), await things.events()) == ([], 0)


async def test_what_repeats_is_planned_once_and_reports_each_time(things: Things):
    async with things.database.transaction(ALL_SITES, repeats=True) as tx:
        async with planned_each(tx):
            assert await tx.fetchval("SHOW plan_cache_mode") == "force_custom_plan"
        assert await tx.fetchval("SHOW plan_cache_mode") == "force_generic_plan"
    async with things.database.transaction(ALL_SITES) as tx:
        async with planned_each(tx):
            assert await tx.fetchval("SHOW plan_cache_mode") == "force_custom_plan"
        assert await tx.fetchval("SHOW plan_cache_mode") == "auto"


INT4RANGE = 3904


async def test_a_type_of_the_server_is_asked_for_once_a_process(things: Things, monkeypatch: Any):
    monkeypatch.setattr(PooledConnection, "known", {})
    asked = []
    ask = asyncpg.Connection._introspect_types

    async def counted(connection: Any, oids: Any, within: Any) -> Any:
        asked.append(tuple(oids))
        return await ask(connection, oids, within)

    monkeypatch.setattr(asyncpg.Connection, "_introspect_types", counted)
    for _ in range(2):
        async with (
            things.database.transaction(ALL_SITES) as one,
            things.database.transaction(ALL_SITES) as other,
        ):
            for tx in (one, other):
                assert await tx.fetchval("SELECT $1::uuid[]", [UUID(int=7)]) == [UUID(int=7)]
                assert await tx.fetchval("SELECT $1::date[]", []) == []
                assert await tx.fetchval("SELECT $1::int4range", None) is None
    assert asked == [USUAL, (INT4RANGE,)], "of the usual ones all at once"


async def reach(
    things: Things, before: dict[StreamKey, int], applied: dict[StreamKey, int]
) -> None:
    async with things.database.transaction(ALL_SITES) as tx:
        await tx.execute(INSERT, uuid4(), str(applied))
        positions.advance(tx, "outcomes", before, applied)
        tell(tx)


async def test_positions_begin_and_move_with_what_was_applied(things: Things):
    a, b = ("intake", "a"), ("intake", "b")
    await reach(things, {}, {a: 3})
    await reach(things, {a: 3}, {a: 5, b: 1})
    async with things.database.transaction(ALL_SITES) as tx:
        assert await positions.load(tx, "outcomes", [a, b]) == ({a: 5, b: 1}, set())
    assert (len(await things.found()), await things.events()) == (2, 2)


async def test_a_position_that_another_worker_moved_undoes_all(things: Things):
    a, b = ("intake", "a"), ("intake", "b")
    await reach(things, {}, {a: 3, b: 3})
    with pytest.raises(AppliedElsewhere):
        await reach(things, {a: 2, b: 3}, {a: 4, b: 4})
    with pytest.raises(asyncpg.UniqueViolationError, match="positions_pkey"):
        await reach(things, {}, {a: 4})
    async with things.database.transaction(ALL_SITES) as tx:
        assert await positions.load(tx, "outcomes", [a, b]) == ({a: 3, b: 3}, set())
    assert (len(await things.found()), await things.events()) == (1, 1)


async def test_a_transaction_without_a_statement_sends_none(
    things: Things, monkeypatch: pytest.MonkeyPatch
):
    async def never(*_: object) -> None:
        raise AssertionError("sent")

    monkeypatch.setattr(PooledConnection, "execute", never)
    async with things.database.transaction(frozenset((OURS,))):
        pass


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


@pytest.mark.parametrize("sites", [frozenset[UUID](), frozenset((OURS,))])
async def test_a_write_reaches_only_sites_of_the_transaction(kept: Things, sites: frozenset[UUID]):
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level"):  # noqa: PT012 - what came before is undone
        async with kept.database.transaction(sites) as tx:
            await tx.execute(INSERT, uuid4(), "beside")
            tell(tx)
            await tx.execute(KEEP, THEIRS, "a")
    assert (await names(kept), await kept.found(), await kept.events()) == ([], [], 0)


async def test_an_update_changes_rows_of_its_sites_and_no_others(kept: Things):
    async with kept.database.transaction(ALL_SITES) as tx:
        await tx.execute(KEEP, OURS, "a")
        await tx.execute(KEEP, THEIRS, "b")
    async with kept.database.transaction(frozenset((OURS,))) as tx:
        await tx.execute("UPDATE kept SET name = name || $1", "+")
    assert await names(kept) == ["a+", "b"]


async def test_sites_of_one_transaction_are_forgotten_in_the_next(kept: Things):
    async with kept.database.pool.acquire() as held:
        for sites in (ALL_SITES, frozenset((THEIRS,))):
            async with kept.database.transaction(sites) as tx:
                await tx.execute(KEEP, THEIRS, str(sites))
            async with kept.database.transaction(frozenset((OURS,))) as tx:
                assert await tx.fetch("SELECT FROM kept") == []
            async with kept.database.pool.acquire() as same:
                assert not await same.fetchval("SELECT current_setting('stepwell.sites', true)")
        assert not held.is_closed()


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
            await tx.execute(KEEP, OURS, str(moment))
    await database.close()
    assert await names(kept) == ["0", "1", "2", "3"]


async def _looking(database: Database) -> None:
    async with database.transaction(ALL_SITES) as tx:
        await tx.fetch("SELECT pg_sleep(5)")
