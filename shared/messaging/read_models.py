"""What a rebuild is given, what it tells, and the part of it that a process of its own reads."""

import asyncio
import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.access.client import ServiceToken
from shared.contracts.base import Event
from shared.database import Database
from shared.messaging.feed import Feed
from shared.messaging.handlers import Consumers
from shared.messaging.plan import StreamKey
from shared.settings import Settings


@dataclass(frozen=True)
class ReadModels:
    """The tables of a service that follow from events alone, and the handlers that write them.

    `at_the_end` are statements for what follows from the rebuilt tables, and for what no topic and
    no journal holds any more; they read `public` and `rebuilding`, and write the latter. Events
    `in_any_order` come to the same in whatever order they are applied, so that many of one type are
    applied at once.
    """

    tables: Sequence[str]
    consumers: Sequence[Consumers]
    at_the_end: Sequence[str] = ()
    in_any_order: Sequence[type[Event]] = ()


class RebuildFailed(RuntimeError):
    """The live tables are as they were; the message says why, and what to do."""


@dataclass
class Progress:
    """How far a rebuild has come, for whoever watches it."""

    phase: str
    details: dict[str, Any] = field(default_factory=dict)


Tell = Callable[[Progress], None]


@dataclass(frozen=True)
class Share:
    """What a process of its own reads: every `count`-th partition from `number` on."""

    settings: Settings
    number: int
    count: int
    live: dict[StreamKey, int]
    skipped: set[tuple[str, str, int]]


@dataclass(frozen=True)
class Done:
    """How far a process came, and from which offsets on others read."""

    reached: dict[StreamKey, int]
    applied: int
    offsets: dict[tuple[str, int], int]


_READ: list[Any] = []
"""How many records each process of a rebuild has read, in memory that they share."""


def share(read: Any) -> None:
    """Take the memory in which progress is told."""
    _READ.append(read)


def read_share(one: Share) -> Done:
    """Read a share in this process.

    Raises:
        RebuildFailed: see there.
    """
    models = importlib.import_module(f"services.{one.settings.service}.read_models").read_models
    rebuilding = importlib.import_module("shared.messaging.rebuilding")

    async def run() -> Done:
        database = Database(one.settings.database_url, size=2)
        feed = Feed(one.settings, ServiceToken(one.settings))
        await database.open()
        try:

            def tell(_: Progress) -> None:
                _READ[0][one.number] = rebuild.read

            rebuild = rebuilding.Rebuild(database, one.settings, models, feed, tell)
            done: Done = await rebuild.read_share(one)
            return done
        finally:
            await feed.close()
            await database.close()

    return asyncio.run(run())
