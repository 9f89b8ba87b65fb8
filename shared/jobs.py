"""Work that becomes due at an instant: told by a table, done by a job.

A job says when its next piece of work is due and does what is due. It is looked at when a
transaction published or planned something, when the clock was moved, and by polling; two workers
may run the same job at once, so a job locks the rows it takes.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from shared import clock
from shared.database import ALL_SITES, Database, Transaction
from shared.database.pool import MISSING
from shared.messaging.faults import is_transient
from shared.settings import Settings

log = structlog.get_logger()

POLL_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 15.0
TEST_CLOCK_POLL_SECONDS = 0.02


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

    @classmethod
    def of(cls, name: str, next_due: str, work: Callable[[Transaction], Awaitable[int]]) -> "Job":
        """A job of one transaction at all sites; `next_due` is the query of the instant."""

        async def due(tx: Transaction) -> datetime | None:
            found: datetime | None = await tx.fetchval(next_due)
            return found

        async def run(context: JobContext) -> int:
            async with context.database.transaction(ALL_SITES) as tx:
                return await work(tx)

        return cls(name, due, run)


class JobRunner:
    """Runs one job for as long as the worker lives."""

    def __init__(self, job: Job, context: JobContext) -> None:
        self.job = job
        self.context = context
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Do what is due until cancelled, after failures with pauses that grow."""
        pause = POLL_SECONDS
        with self.context.database.listening(self._wake.set):
            while True:
                try:
                    self._wake.clear()
                    await self._work_off()
                    pause = POLL_SECONDS
                    await self._until_looked_at()
                except Exception as error:
                    log.warning(
                        "job_interrupted",
                        job=self.job.name,
                        error=type(error).__name__,
                        transient=is_transient(error) or isinstance(error, MISSING),
                    )
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _work_off(self) -> None:
        while await self.is_due():
            if await self.job.run(self.context) == 0:
                return

    async def is_due(self) -> bool:
        """Whether there is work at the present instant."""
        async with self.context.database.transaction(ALL_SITES) as tx:
            due = await self.job.next_due(tx)
            return due is not None and due <= tx.now

    async def _until_looked_at(self) -> None:
        """Wait for a notification, a moved test clock, or the next poll."""
        seen = clock.now()
        waited = 0.0
        step = TEST_CLOCK_POLL_SECONDS if clock.is_test_clock() else POLL_SECONDS
        while waited < POLL_SECONDS and not (clock.is_test_clock() and clock.now() != seen):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), step)
                return
            waited += step
