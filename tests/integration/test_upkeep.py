"""Upkeep keeps up with what piles up, and a process listens on one connection, whatever it runs."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from shared import clock
from shared.database import ALL_SITES, Database
from shared.jobs import Job, JobContext, Jobs
from shared.web.writes import KEPT
from shared.worker import FORGOTTEN_AT_ONCE, forget_all
from tests.support.outcomes import opened
from tests.support.system import System

MANY = 4 * FORGOTTEN_AT_ONCE + 7
LISTENERS = """
SELECT count(*) FROM pg_stat_activity
WHERE query ~ '^LISTEN' AND datname = current_database() AND pid <> pg_backend_pid()
"""
CUT_OFF = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE query ~ '^(LISTEN|NOTIFY)' AND datname = current_database()
"""
ANSWER = """
INSERT INTO platform.idempotency_keys
  (subject, key, operation, body_hash, status, headers, body, answered_at)
SELECT 'somebody', $1 || n, 'POST /', '', 201, '{}', '', $2 FROM generate_series(1, $3) AS n
"""


async def remember(system: System, name: str, at: datetime, count: int) -> None:
    connection = await asyncpg.connect(system.databases["outcomes"])
    try:
        await connection.execute(ANSWER, name, at, count)
    finally:
        await connection.close()


async def test_old_answers_are_deleted_until_none_is_due(system: System):
    now = clock.now()
    await remember(system, "old", now - KEPT - timedelta(hours=1), MANY)
    await remember(system, "young", now - KEPT + timedelta(hours=1), 3)
    async with opened(system, "outcomes") as database:
        await forget_all(database)
    left = await system.fetch("outcomes", "SELECT key FROM platform.idempotency_keys ORDER BY key")
    assert [row["key"] for row in left] == ["young1", "young2", "young3"]


async def test_two_workers_that_forget_at_once_do_not_wait_for_one_another(system: System):
    await remember(system, "old", clock.now() - 2 * KEPT, MANY)
    async with (
        opened(system, "outcomes") as one,
        opened(system, "outcomes") as other,
        asyncio.timeout(30),
    ):
        await asyncio.gather(forget_all(one), forget_all(other))
    assert await system.fetch("outcomes", "SELECT FROM platform.idempotency_keys") == []


async def test_requests_get_through_while_answers_are_forgotten(system: System):
    await remember(system, "old", clock.now() - 2 * KEPT, MANY)
    async with opened(system, "outcomes") as database:
        forgetting = asyncio.create_task(forget_all(database))
        answered = 0
        while not forgetting.done():
            async with database.transaction(ALL_SITES) as tx:
                await tx.fetchval("SELECT 1")
                answered += 1
        await forgetting
    assert answered > MANY / FORGOTTEN_AT_ONCE


async def test_any_number_of_jobs_listens_on_one_connection(system: System):
    async with opened(system, "outcomes") as database:
        ran = [asyncio.Event() for _ in range(12)]
        jobs = [asyncio.create_task(job_of(database, event).run()) for event in ran]
        async with asyncio.timeout(10):
            await asyncio.gather(*(event.wait() for event in ran))
        await system.until("outcomes", LISTENERS, is_=1)
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)


async def test_a_lost_connection_is_made_anew_and_everybody_looks_once(system: System):
    async with opened(system, "outcomes") as database, opened(system, "outcomes") as other:
        first, second = asyncio.Event(), asyncio.Event()
        with database.listening(first.set), database.listening(second.set):
            await woken(first, second)
            await system.fetch("outcomes", CUT_OFF)
            await woken(first, second)  # what came meanwhile may have been missed
            async with other.transaction(ALL_SITES) as tx:
                tx.wake()
            await woken(first, second)


async def test_a_commit_while_the_connection_is_away_is_told_when_it_is_back(system: System):
    async with opened(system, "outcomes") as database, opened(system, "outcomes") as other:
        heard = asyncio.Event()
        with other.listening(heard.set):
            await woken(heard)
            connect, refused = database.connect, asyncio.Event()

            async def away(**_: str) -> Any:
                refused.set()
                raise ConnectionRefusedError

            database.connect = away  # type: ignore[method-assign]
            async with database.transaction(ALL_SITES) as tx:
                tx.wake()
            await asyncio.wait_for(refused.wait(), 5)
            database.connect = connect  # type: ignore[method-assign]
            await woken(heard)


async def woken(*events: asyncio.Event) -> None:
    """Wait until each was set, and clear them."""
    async with asyncio.timeout(10):
        await asyncio.gather(*(event.wait() for event in events))
    for event in events:
        event.clear()


def job_of(database: Database, looked: asyncio.Event) -> Jobs:
    """A job that says when it was looked at."""

    async def next_due(_: object) -> None:
        looked.set()

    async def run(_: JobContext) -> int:
        return 0

    return Jobs([Job("example", next_due, run)], JobContext(database, None))  # type: ignore[arg-type]
