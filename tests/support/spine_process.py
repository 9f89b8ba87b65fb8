"""`python -m tests.support.spine_process ROLE`: one process of `tests.support.spine`."""

import asyncio
import contextlib
import os
import signal
import sys
from typing import Any

from aiokafka import AIOKafkaProducer

from shared.access.client import ServiceToken
from shared.database import Database
from shared.messaging.applier import Applier
from shared.messaging.consumer import Consumer
from shared.messaging.feed import Feed
from shared.messaging.handlers import Registry
from shared.messaging.relay import DELETE, Relay
from shared.settings import Settings
from shared.telemetry import logs
from tests.support.spine import consumers


class DyingConnection:
    """Dies by kill -9 when the relay is about to delete what the broker has acknowledged."""

    def __init__(self, connection: Any) -> None:
        self.fetch = connection.fetch
        self._connection = connection

    async def execute(self, statement: str, *args: object) -> str:
        if statement == DELETE:
            os.kill(os.getpid(), signal.SIGKILL)
        result: str = await self._connection.execute(statement, *args)
        return result


class DyingRelay(Relay):
    """Dies between sending and deleting."""

    async def send_batch(self, connection: Any, producer: AIOKafkaProducer) -> int:
        return await super().send_batch(DyingConnection(connection), producer)  # type: ignore[arg-type]


async def main(role: str, settings: Settings) -> None:
    """Work until SIGTERM, as the worker of a service does."""
    work = asyncio.ensure_future(work_as(role, settings))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await work


async def work_as(role: str, settings: Settings) -> None:
    database = Database(settings.database_url)
    await database.open()
    if role == "relay":
        await Relay(database, settings).run()
    elif role == "relay-dying":
        await DyingRelay(database, settings).run()
    elif role == "consumer":
        registry = Registry("outcomes", [consumers])
        applier = Applier(database, registry, Feed(settings, ServiceToken(settings)))
        await Consumer(applier, settings).run()
    else:
        raise SystemExit(f"unknown role {role}")


if __name__ == "__main__":
    given = Settings.model_validate_json(os.environ["SPINE_SETTINGS"])
    logs.setup(given.service, given)
    asyncio.run(main(sys.argv[1], given))
