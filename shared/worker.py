"""The worker role of a service: relay, consumer, jobs and upkeep, as tasks of one process."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence

import structlog

from shared.database import ALL_SITES, Database
from shared.jobs import Job, JobContext, Jobs
from shared.messaging import journal
from shared.messaging.applier import Applier
from shared.messaging.consumer import Consumer
from shared.messaging.relay import Relay
from shared.messaging.retry import repair
from shared.settings import Settings
from shared.web.writes import forget_answers

log = structlog.get_logger()

UPKEEP_SECONDS = 300.0
FORGOTTEN_AT_ONCE = 5_000


class Worker:
    """Runs the background tasks of one service until it is stopped."""

    def __init__(
        self, database: Database, settings: Settings, applier: Applier, jobs: Sequence[Job]
    ) -> None:
        self.database = database
        self._runs: dict[str, Callable[[], Awaitable[None]]] = {
            "relay": Relay(database, settings).run,
            "upkeep": self._keep_tables,
            "jobs": Jobs(jobs, JobContext(database, settings)).run,
        }
        self._consumer = Consumer(applier, settings)
        if applier.registry.streams:
            self._runs["consumer"] = self._consumer.run
            self._runs["repair"] = lambda: repair(applier)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, on_failure: Callable[[], None]) -> None:
        """Start the tasks. `on_failure` is called when one ends for a reason it does not know."""

        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                log.critical(
                    "task_failed", task=task.get_name(), error=repr(type(error)), exc_info=error
                )
                on_failure()

        for name, run in self._runs.items():
            task = asyncio.ensure_future(run())
            task.set_name(name)
            task.add_done_callback(ended)
            self._tasks.append(task)

    async def stop(self) -> None:
        """Cancel the tasks and wait for them to finish what they hold."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task

    def complaint(self) -> str | None:
        """Why the worker is not ready; None when all tasks are at work."""
        if not self._tasks or any(task.done() for task in self._tasks):
            return "A background task is not at work."
        return self._consumer.complaint

    async def _keep_tables(self) -> None:
        """Make room for what is to come, and delete what is remembered no longer."""
        while True:
            try:
                async with self.database.transaction(ALL_SITES) as tx:
                    await journal.prepare(tx)
                await forget_all(self.database)
            except Exception as error:
                log.warning("upkeep_postponed", error=type(error).__name__)
                await asyncio.sleep(1)
            else:
                await asyncio.sleep(UPKEEP_SECONDS)


async def forget_all(database: Database) -> None:
    """Delete remembered answers until none is due, some at a time.

    Each time it rests as long as it worked, so that requests find half of the database's time.
    """
    while True:
        began = time.monotonic()
        async with database.transaction(ALL_SITES) as tx:
            forgotten = await forget_answers(tx, FORGOTTEN_AT_ONCE)
        if forgotten == 0:
            return
        await asyncio.sleep(time.monotonic() - began)
