"""A job that fails again and again is tried ever more rarely."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime
from typing import Any, cast

import pytest

from shared.database import Database, Transaction
from shared.jobs import LONGEST_PAUSE_SECONDS, Job, JobContext, Jobs
from shared.settings import Settings


class Gone(ConnectionError):
    """The database is away."""


class Away:
    """A database that opens no transaction, but for the times named by number."""

    def __init__(self, back_at: int | None = None) -> None:
        self.asked = 0
        self.back_at = back_at

    @contextlib.contextmanager
    def listening(self, wake: Callable[[], None]) -> Iterator[None]:
        yield

    @contextlib.asynccontextmanager
    async def transaction(self, sites: object) -> AsyncIterator[Transaction]:
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
