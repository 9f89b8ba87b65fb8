"""Tables change while the system works, as in a rolling upgrade: nobody notices."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.contracts.intake import ReferralReceived
from shared.database import ALL_SITES, Database, Transaction
from shared.jobs import Job, JobContext, Jobs
from shared.messaging.applier import Applier
from shared.messaging.consumer import Consumers, Received
from shared.messaging.handlers import Registry
from stepwell.runtime.roles import owner
from tests.integration.test_spine_missing import reasons, take
from tests.support.outcomes import opened
from tests.support.subscriber import Subscriber, publish_referrals
from tests.support.system import System

CHANGES = (
    "ALTER TABLE things ALTER COLUMN size TYPE {}",
    "ALTER TABLE things ALTER COLUMN name TYPE {}",
    "ALTER TABLE things ADD COLUMN added_{} text",
)
TYPES = {0: ("bigint", "varchar(40)"), 1: ("integer", "varchar(20)")}
OTHER_PROCESS = """
import asyncio, asyncpg, sys
async def change():
    connection = await asyncpg.connect(sys.argv[1])
    for statement in sys.argv[2:]:
        await connection.execute(statement)
    await connection.close()
asyncio.run(change())
"""


@pytest.fixture
async def things(system: System) -> AsyncIterator[Database]:
    await system.execute_as_owner(
        "outcomes",
        "CREATE TABLE things (id uuid PRIMARY KEY, size integer, name varchar(20))",
    )
    async with opened(system, "outcomes") as database:
        yield database


async def change_tables(system: System, number: int) -> None:
    """Let another process widen both columns and add one, or narrow them again."""
    name = system.databases["outcomes"].rpartition("/")[2].partition("?")[0]
    size, text = TYPES[number % 2]
    statements = [c.format(value) for c, value in zip(CHANGES, (size, text, number), strict=True)]
    await asyncio.to_thread(
        subprocess.run,
        [
            sys.executable,
            "-c",
            OTHER_PROCESS,
            system.stack.url(name, owner("outcomes")),
            *statements,
        ],
        check=True,
    )


async def read_all(tx: Transaction) -> int:
    """Several statements, each of which a changed table makes stale on each connection."""
    await tx.fetch("SELECT * FROM things")
    await tx.fetch("SELECT * FROM things WHERE size > $1", 0)
    await tx.fetch("SELECT t.*, 1 AS one FROM things t WHERE name = $1", "a")
    return len(await tx.fetch("SELECT size, name FROM things ORDER BY size"))


async def warm(database: Database) -> None:
    """Let every connection of the pool know the statements."""

    async def once(all_there: asyncio.Barrier) -> None:
        async with database.transaction(ALL_SITES) as tx:
            await read_all(tx)
            await all_there.wait()

    barrier = asyncio.Barrier(database.size)
    await asyncio.gather(*(once(barrier) for _ in range(database.size)))


async def test_a_statement_of_a_changed_table_fails_inside_a_transaction(
    system: System, things: Database
):
    await warm(things)
    await change_tables(system, 0)
    with pytest.raises(asyncpg.InvalidCachedStatementError):
        async with things.transaction(ALL_SITES) as tx:
            await read_all(tx)


async def test_a_read_is_run_again_and_sees_the_changed_table(system: System, things: Database):
    await warm(things)
    for number in range(3):
        await change_tables(system, number)
        found = await asyncio.gather(
            *(things.run(ALL_SITES, read_all) for _ in range(3 * things.size))
        )
        assert set(found) == {0}


async def test_work_goes_on_while_tables_change_again_and_again(system: System, things: Database):
    over = asyncio.Event()

    async def work() -> int:
        done = 0
        while not over.is_set():
            thing = uuid4()

            async def write(tx: Transaction, thing: UUID = thing) -> None:
                await read_all(tx)
                await tx.execute("INSERT INTO things (id, size, name) VALUES ($1, 1, 'a')", thing)

            await things.run(ALL_SITES, write)
            done += 1
        return done

    working = [asyncio.create_task(work()) for _ in range(6)]
    for number in range(4):
        await change_tables(system, number)
    over.set()
    done = sum(await asyncio.gather(*working))
    assert await things.run(ALL_SITES, read_all) == done > 0


async def test_a_consumer_applies_what_met_a_changed_table_and_lays_nothing_aside(
    system: System, subscriber: Subscriber, things: Database
):
    events = await publish_referrals(system, uuid4(), 3)
    consumers = Consumers()

    @consumers.on(ReferralReceived)
    async def read(tx: Transaction, received: Received[ReferralReceived]) -> None:
        await read_all(tx)
        await tx.execute("INSERT INTO things (id) VALUES ($1)", received.event.referral_id)

    applier = Applier(things, Registry("outcomes", [consumers]), subscriber.feed)
    for number, event in enumerate(events):
        await warm(things)
        await change_tables(system, number)
        await take(applier, system, event)
    assert await reasons(system) == set()
    assert await things.run(ALL_SITES, read_all) == 3


async def test_a_job_does_its_work_after_it_met_a_changed_table(system: System, things: Database):
    await warm(things)
    await change_tables(system, 0)
    done = asyncio.Event()

    async def next_due(tx: Transaction) -> object:
        await read_all(tx)
        return None if done.is_set() else tx.now

    async def run(context: JobContext) -> int:
        async with context.database.transaction(ALL_SITES) as tx:
            await read_all(tx)
        done.set()
        return 1

    job = Jobs([Job("example", next_due, run)], JobContext(things, None))  # type: ignore[arg-type]
    running = asyncio.create_task(job.run())
    await asyncio.wait_for(done.wait(), 15)
    running.cancel()


async def test_an_api_answers_every_request_while_the_tables_it_reads_change(system: System):
    await system.start("outcomes", roles=["api"])
    operator = system.client("outcomes", "operator")
    for number in range(3):
        for _ in range(12):
            assert (await operator.get("/operations/dead-letters")).status_code == 200
        await system.execute_as_owner(
            "outcomes",
            f"ALTER TABLE platform.dead_letters ADD COLUMN added_{number} text;"
            "ALTER TABLE platform.dead_letters ALTER COLUMN attempts"
            f" TYPE {'integer' if number % 2 else 'bigint'}",
        )
        statuses = [(await operator.get("/operations/dead-letters")).status_code for _ in range(12)]
        assert set(statuses) == {200}
