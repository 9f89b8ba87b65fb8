"""A job that fails again and again is tried ever more rarely, and keeps no other from its work."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from shared.database import Database, Transaction
from shared.jobs import LONGEST_PAUSE_SECONDS, Job, JobContext, Jobs
from shared.settings import Settings

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Gone(ConnectionError):
    """The database is away."""


class Away:
    """A database that cannot be asked, but for the times named by number."""

    def __init__(self, back_at: int | None = None) -> None:
        self.asked = 0
        self.back_at = back_at

    @contextlib.contextmanager
    def listening(self, wake: Callable[[], None]) -> Iterator[None]:
        yield

    @contextlib.asynccontextmanager
    async def looking(self) -> AsyncIterator[Transaction]:
        self.asked += 1
        if self.asked != self.back_at:
            raise Gone
        yield cast(Transaction, None)


async def nothing_due(tx: Transaction) -> datetime | None:
    return None


async def pauses_of(database: Away, monkeypatch: pytest.MonkeyPatch, number: int) -> list[float]:
    """The first pauses of a job that works with `database`."""
    paused: list[float] = []

    async def pause(seconds: float) -> None:
        paused.append(seconds)
        if len(paused) == number:
            raise asyncio.CancelledError

    async def gone_again(jobs: Jobs, seen: datetime) -> None:
        raise Gone

    monkeypatch.setattr("shared.jobs.asyncio.sleep", pause)
    monkeypatch.setattr(Jobs, "_until_looked_at", gone_again)

    async def run(context: JobContext) -> int:
        return 0

    context = JobContext(cast(Database, database), cast(Settings, cast(Any, None)))
    with pytest.raises(asyncio.CancelledError):
        await Jobs([Job("example", nothing_due, run)], context).run()
    return paused


async def test_pauses_after_failures_grow_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    paused = await pauses_of(Away(), monkeypatch, 9)
    assert paused[:4] == [0.5, 1, 2, 4]
    assert paused[-1] == LONGEST_PAUSE_SECONDS


async def test_a_success_in_between_starts_the_pauses_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert await pauses_of(Away(back_at=4), monkeypatch, 6) == [0.5, 1, 2, 0.5, 1, 2]


class There(Away):
    """A database that can be asked."""

    @contextlib.asynccontextmanager
    async def looking(self) -> AsyncIterator[Transaction]:
        yield cast(Transaction, SimpleNamespace(now=NOW))


async def always_due(tx: Transaction) -> datetime | None:
    return NOW


async def done_by(*jobs: Job, enough: asyncio.Event) -> None:
    """Run jobs until it is enough."""
    context = JobContext(cast(Database, There()), cast(Settings, cast(Any, None)))
    running = asyncio.create_task(Jobs(jobs, context).run())
    async with asyncio.timeout(5):
        await enough.wait()
    running.cancel()
    await asyncio.wait([running])


async def test_a_job_that_cannot_be_asked_keeps_no_other_from_its_work() -> None:
    done = asyncio.Event()

    async def broken(tx: Transaction) -> datetime | None:
        raise ValueError

    async def run(context: JobContext) -> int:
        done.set()
        return 0

    await done_by(Job("broken", broken, run), Job("other", always_due, run), enough=done)
    assert done.is_set()


async def test_a_job_that_fails_keeps_no_other_from_its_work() -> None:
    done = asyncio.Event()

    async def fail(context: JobContext) -> int:
        raise ValueError

    async def run(context: JobContext) -> int:
        done.set()
        return 0

    await done_by(Job("broken", always_due, fail), Job("other", always_due, run), enough=done)
    assert done.is_set()


async def test_a_job_runs_again_until_it_did_nothing_and_never_twice_at_once() -> None:
    at_work, runs, done = 0, 0, asyncio.Event()

    async def run(context: JobContext) -> int:
        nonlocal at_work, runs
        at_work, runs = at_work + 1, runs + 1
        assert at_work == 1
        await asyncio.sleep(0)
        at_work -= 1
        if runs == 3:
            done.set()
        return 3 - runs

    await done_by(Job("example", always_due, run), enough=done)
    assert runs >= 3
