"""Events that are handed to the relay by memory: none twice, none before another of its key."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer

from shared import clock
from shared.contracts.intake import ReferralReceived
from shared.database import ALL_SITES, Database
from shared.messaging.outbox import publish
from shared.messaging.relay import Relay
from shared.messaging.set_aside import send_again, set_aside
from tests.support.outcomes import opened
from tests.support.system import System


class WatchedRelay(Relay):
    """Notes what it sends, how often it reads the outbox, and waits to send when told to."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.sent: list[tuple[str, int]] = []
        self.looks = 0
        self.may_send = asyncio.Event()
        self.may_send.set()

    async def send_batch(self, connection: Any, producer: AIOKafkaProducer) -> int:
        self.looks += 1
        return await super().send_batch(connection, producer)

    async def _send(self, producer: AIOKafkaProducer, row: asyncpg.Record) -> asyncio.Future[Any]:
        await self.may_send.wait()
        self.sent.append((row["key"], row["sequence"]))
        return await super()._send(producer, row)


@dataclass
class Publisher:
    """A service that publishes, here and in another process, and its relay."""

    system: System
    here: Database
    elsewhere: Database
    relay: WatchedRelay
    ana: UUID = field(default_factory=uuid4)

    async def publish(self, *, at: Database | None = None, times: int = 1) -> None:
        async with (at or self.here).transaction(ALL_SITES) as tx:
            for _ in range(times):
                referral = ReferralReceived(
                    client_id=self.ana,
                    site_id=UUID(int=1),
                    referral_id=uuid4(),
                    source="self",
                    received_at=tx.now,
                )
                publish(tx, referral)

    async def sent(self, *numbers: int) -> None:
        """Wait until the outbox is empty; then exactly these were sent, in this order."""
        await self.system.until("intake", "SELECT NOT EXISTS (SELECT FROM platform.outbox)")
        assert self.relay.sent == [(str(self.ana), number) for number in numbers]


@pytest.fixture
async def publisher(system: System) -> AsyncIterator[Publisher]:
    async with opened(system, "intake") as here, opened(system, "intake") as elsewhere:
        relay = WatchedRelay(here, system.settings("intake"))
        running = asyncio.create_task(relay.run())
        made = Publisher(system, here, elsewhere, relay)
        await made.publish()
        await made.sent(1)
        yield made
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def test_what_follows_the_last_event_of_its_key_is_sent_without_reading_the_outbox(
    publisher: Publisher,
):
    looks = publisher.relay.looks
    for _ in range(20):
        await publisher.publish()
    await publisher.sent(*range(1, 22))
    assert publisher.relay.looks - looks < 20 / 2  # it looks twice a second besides


async def test_what_another_process_committed_before_goes_first(publisher: Publisher):
    publisher.relay.may_send.clear()
    await publisher.publish()
    await publisher.publish(at=publisher.elsewhere)
    await publisher.publish()
    publisher.relay.may_send.set()
    await publisher.publish(at=publisher.elsewhere, times=2)
    await publisher.publish()
    await publisher.sent(*range(1, 8))


async def test_nothing_is_handed_past_an_event_that_is_set_aside(publisher: Publisher):
    publisher.relay.may_send.clear()
    await publisher.publish()
    other, publisher.ana = publisher.ana, uuid4()
    await publisher.publish(at=publisher.elsewhere)
    publisher.ana = other
    connection = await publisher.here.connect()
    (waiting,) = await connection.fetch(
        "SELECT id FROM platform.outbox WHERE key <> $1", str(other)
    )
    await set_aside(connection, [waiting["id"]], "too_large", clock.now())
    await connection.close()
    publisher.relay.may_send.set()
    await publisher.sent(1, 2)
    (row,) = await publisher.system.fetch("intake", "SELECT key FROM platform.set_aside")
    publisher.ana, publisher.relay.sent = UUID(row["key"]), []
    await publisher.publish()
    await publisher.sent()
    async with publisher.here.transaction(ALL_SITES) as tx:
        await send_again(tx, "intake", row["key"], pass_over=False)
    await publisher.publish()
    await publisher.sent(1, 2, 3)
