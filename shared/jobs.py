"""Work that becomes due at an instant: told by a table, done by a job.

A job says when its next piece of work is due and does what is due. All jobs of a service are looked
at together: soon after a transaction published or planned something, when the clock was moved, and
by polling. Two workers may run the same job at once, so a job locks the rows it takes.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from shared import clock
from shared.database import ALL_SITES, Database, Transaction
from shared.database.pool import MISSING
from shared.messaging.faults import is_transient
from shared.settings import Settings

log = structlog.get_logger()

POLL_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 15.0
TEST_CLOCK_POLL_SECONDS = 0.004
BEHIND_SECONDS = 0.012
"""How long work lets a commit go first: what that published is sent and applied by others
meanwhile, and several commits are one look."""


@dataclass(frozen=True, slots=True)
class JobContext:
    """What a job works with."""

    database: Database
    settings: Settings


@dataclass(frozen=True, slots=True)
class Job:
    """`next_due` names the earliest instant at which there is work, or None. `run` does work that
    is due and says how much it did; it is called again until it did nothing."""

    name: str
    next_due: Callable[[Transaction], Awaitable[datetime | None]]
    run: Callable[[JobContext], Awaitable[int]]
    query: str | None = None
    """That of `next_due` where it takes no parameters, so that many are asked in one statement."""

    @classmethod
    def of(
        cls,
        name: str,
        next_due: str | Callable[[Transaction], Awaitable[datetime | None]],
        work: Callable[[Transaction], Awaitable[int]],
    ) -> "Job":
        """A job of one transaction at all sites; `next_due` is the query of the instant, or a
        function that finds it."""

        async def run(context: JobContext) -> int:
            async with context.database.transaction(ALL_SITES) as tx:
                return await work(tx)

        if isinstance(next_due, str):
            return cls.asked(name, next_due, run)
        return cls(name, next_due, run)

    @classmethod
    def asked(cls, name: str, next_due: str, run: Callable[[JobContext], Awaitable[int]]) -> "Job":
        """A job whose `next_due` is a query without parameters."""

        async def due(tx: Transaction) -> datetime | None:
            found: datetime | None = await tx.fetchval(next_due)
            return found

        return cls(name, due, run, next_due)


async def next_dues(
    tx: Transaction, jobs: Sequence[Job], beside: Sequence[str] = ()
) -> tuple[list[datetime | None], list[Any]]:
    """When each job has work next, and the value of each query `beside` them; all that are queries
    are one statement, and so of one snapshot. What a job did that was asked before shows there."""
    first = {job.name: await job.next_due(tx) for job in jobs if job.query is None}
    queries = {job.name: job.query for job in jobs if job.query is not None}
    asked = [*beside, *queries.values()]
    row = await tx.fetchrow(f"SELECT {', '.join(f'({one})' for one in asked)}") if asked else None
    values = list(row or ())
    dues = first | dict(zip(queries, values[len(beside) :], strict=True))
    return [dues[job.name] for job in jobs], values[: len(beside)]


class Jobs:
    """Runs the jobs of a service for as long as the worker lives, each by itself."""

    def __init__(self, jobs: Sequence[Job], context: JobContext) -> None:
        self.jobs = jobs
        self.context = context
        self._wake = asyncio.Event()
        self._at_work: set[str] = set()
        self._missed: set[str] = set()
        """Jobs that were due again while they were at work."""
        self._pauses: dict[str, float] = {}

    async def run(self) -> None:
        """Do what is due until cancelled, after failures with pauses that grow."""
        pause = POLL_SECONDS
        with self.context.database.listening(self._wake.set):
            async with asyncio.TaskGroup() as group:
                if clock.is_test_clock():
                    group.create_task(self._watch_test_clock())
                while True:
                    try:
                        self._wake.clear()
                        seen = clock.now()
                        for job, failed in await self._look():
                            if job.name in self._at_work:
                                self._missed.add(job.name)
                            else:
                                self._at_work.add(job.name)
                                group.create_task(self._work(job, failed))
                        pause = POLL_SECONDS
                        await self._until_looked_at(seen)
                    except Exception as error:
                        _interrupted("all", error)
                        await asyncio.sleep(pause)
                        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _look(self) -> list[tuple[Job, Exception | None]]:
        """The jobs with work at the present instant. One that cannot be asked keeps none of the
        others waiting: it is given with its error.

        Raises:
            Exception: the database is away, or no job can be asked.
        """
        try:
            return [(job, None) for job in await self.due(self.jobs)]
        except Exception as error:
            if len(self.jobs) == 1 or is_transient(error) or isinstance(error, MISSING):
                raise
        found: list[tuple[Job, Exception | None]] = []
        for job in self.jobs:
            try:
                found += [(one, None) for one in await self.due([job])]
            except Exception as error:
                found.append((job, error))
        return found

    async def due(self, jobs: Sequence[Job]) -> list[Job]:
        """Those of the jobs with work at the present instant."""
        async with self.context.database.looking() as tx:
            dues, _ = await next_dues(tx, jobs)
            return [j for j, at in zip(jobs, dues, strict=True) if at is not None and at <= tx.now]

    async def _work(self, job: Job, failed: Exception | None) -> None:
        """Run a job once, or rest after a failure; then it is looked at again if need be."""
        again = True
        try:
            if failed is not None:
                raise failed
            again = await job.run(self.context) > 0
            self._pauses.pop(job.name, None)
        except Exception as error:
            _interrupted(job.name, error)
            pause = self._pauses.get(job.name, POLL_SECONDS)
            self._pauses[job.name] = min(2 * pause, LONGEST_PAUSE_SECONDS)
            await asyncio.sleep(pause)
        self._at_work.discard(job.name)
        if again or job.name in self._missed:
            self._missed.discard(job.name)
            self._wake.set()

    async def _until_looked_at(self, seen: datetime) -> None:
        """Wait for a notification, for a test clock that does not show `seen`, or the next poll."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await self._wake.wait()
            if not (clock.is_test_clock() and clock.now() != seen):
                await asyncio.sleep(BEHIND_SECONDS)

    async def _watch_test_clock(self) -> None:
        """Look when a test clock was moved."""
        seen = clock.now()
        while True:
            await asyncio.sleep(TEST_CLOCK_POLL_SECONDS)
            if (now := clock.now()) != seen:
                seen = now
                self._wake.set()


def _interrupted(job: str, error: Exception) -> None:
    log.warning(
        "job_interrupted",
        job=job,
        error=type(error).__name__,
        transient=is_transient(error) or isinstance(error, MISSING),
    )
