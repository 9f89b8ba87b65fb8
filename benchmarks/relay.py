"""The relay against a raw idempotent producer that sends the same bytes and headers."""

from typing import Any
from uuid import uuid4

from benchmarks.ground import Ground, connection, ground, referral
from benchmarks.measure import Row, against_floor, in_turn, seconds
from shared import clock
from shared.contracts.topics import BY_STREAM
from shared.database import ALL_SITES, Database
from shared.messaging.envelope import headers_of
from shared.messaging.outbox import publish
from shared.messaging.producer import producer_of
from shared.messaging.relay import Relay
from stepwell.runtime.disposable import Stack

EVENTS = 20_000
CLIENTS = 500
ROWS = (
    "SELECT stream, key, sequence, event_id, type, dataschema, occurred_at, traceparent, payload"
    " FROM platform.outbox ORDER BY id"
)


async def run(stack: Stack) -> list[Row]:
    """Events a second, both ways, in turn."""
    at = await ground(stack, "intake")
    database = Database(at.database_url)
    await database.open()
    producer = producer_of(at.settings)
    await producer.start()
    try:
        relay = Relay(database, at.settings)
        records: list[tuple[bytes, bytes, list[tuple[str, bytes]]]] = []

        async def relayed() -> float:
            await fill(database)
            records[:] = await same_records(at)
            own = await database.connect(synchronous_commit="off")

            async def drain() -> None:
                while await relay.send_batch(own, producer):
                    pass

            try:
                return EVENTS / await seconds(drain)
            finally:
                own.terminate()

        async def raw() -> float:
            if not records:
                await relayed()

            async def send() -> None:
                topic = at.prefix + BY_STREAM["intake"].name
                sent: list[Any] = [
                    await producer.send(topic, value, key=key, headers=headers)
                    for key, value, headers in records
                ]
                await producer.flush()
                assert all(future.exception() is None for future in sent)

            return EVENTS / await seconds(send)

        values, floors = await in_turn(relayed, raw)
        return [against_floor("relay: events sent", values, floors, "events/s", 0.85, "higher")]
    finally:
        await producer.stop()
        await database.close()


async def fill(database: Database) -> None:
    """Publish the events, a thousand a transaction."""
    clients = [uuid4() for _ in range(CLIENTS)]
    for start in range(0, EVENTS, 1_000):
        async with database.transaction(ALL_SITES) as tx:
            for number in range(start, start + 1_000):
                publish(tx, referral(clients[number % CLIENTS], clock.now()))


async def same_records(at: Ground) -> list[tuple[bytes, bytes, list[tuple[str, bytes]]]]:
    """Keys, values and headers exactly as the relay will send them."""
    async with connection(at.database_url) as own:
        return [
            (
                row["key"].encode(),
                row["payload"],
                headers_of(
                    stream=row["stream"],
                    key=row["key"],
                    sequence=row["sequence"],
                    event_id=row["event_id"],
                    type=row["type"],
                    dataschema=row["dataschema"],
                    occurred_at=row["occurred_at"],
                    traceparent=row["traceparent"],
                ),
            )
            for row in await own.fetch(ROWS)
        ]
