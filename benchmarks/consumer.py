"""The consumer with a set-based handler against one transaction a message.

Both read the same records, decode them by the contract, write the same rows and move the same
positions; the floor does so message by message, as a consumer without batches would.
"""

from collections.abc import Sequence
from uuid import uuid4

from benchmarks.ground import Ground, ground, referral
from benchmarks.measure import Row, against_floor, in_turn, seconds
from shared import clock
from shared.access.client import ServiceToken
from shared.contracts.intake import ReferralReceived
from shared.database import ALL_SITES, Database, Transaction
from shared.messaging.applier import Applier
from shared.messaging.consumer import Consumers, Received
from shared.messaging.envelope import Envelope, headers_of, open_envelope, read_payload
from shared.messaging.feed import Feed
from shared.messaging.handlers import Registry
from stepwell.runtime.disposable import Stack

EVENTS = 20_000
ONE_BY_ONE = 1_000
BATCH = 2_000
CLIENTS = 1_000

TABLE = """
CREATE TABLE referrals (
  client_id uuid, referral_id uuid, source text, received_at timestamptz, site_id uuid
);
CREATE TABLE referral_counts (client_id uuid PRIMARY KEY, referrals bigint NOT NULL)
"""
INSERT = """
WITH given AS (
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::uuid[])
    AS g(client_id, referral_id, source, received_at, site_id)
), kept AS (
  INSERT INTO referrals SELECT * FROM given
)
INSERT INTO referral_counts AS c SELECT client_id, count(*) FROM given GROUP BY client_id
ORDER BY client_id
ON CONFLICT (client_id) DO UPDATE SET referrals = c.referrals + excluded.referrals
"""
MOVE = """
INSERT INTO platform.positions (consumer, stream, key, sequence) VALUES ('floor', $1, $2, $3)
ON CONFLICT (consumer, stream, key) DO UPDATE SET sequence = excluded.sequence
"""

consumers = Consumers()


@consumers.on_many(ReferralReceived)
async def count_referrals(tx: Transaction, received: list[Received[ReferralReceived]]) -> None:
    """Keep each referral and count them by client."""
    events = [one.event for one in received]
    await tx.execute(
        INSERT,
        [e.client_id for e in events],
        [e.referral_id for e in events],
        [e.source for e in events],
        [e.received_at for e in events],
        [e.site_id for e in events],
    )


async def run(stack: Stack) -> list[Row]:
    """Events a second, both ways, in turn."""
    at = await ground(stack, "outcomes")
    await at.as_owner(TABLE)
    database = Database(at.database_url)
    await database.open()
    applier = applier_of(at, database)
    try:

        async def batched() -> float:
            records = records_of_new_clients(EVENTS)

            async def consume() -> None:
                for start in range(0, EVENTS, BATCH):
                    batch = [opened(*record) for record in records[start : start + BATCH]]
                    outcome = await applier.apply(batch)
                    assert len(outcome.applied) == BATCH

            return EVENTS / await seconds(consume)

        async def one_by_one() -> float:
            records = records_of_new_clients(ONE_BY_ONE)

            async def consume() -> None:
                for record in records:
                    envelope = opened(*record)
                    received = read_payload(envelope, ReferralReceived)
                    async with database.transaction(ALL_SITES) as tx:
                        await count_referrals(tx, [received])  # type: ignore[list-item]  # the contract was given above
                        await tx.execute(MOVE, envelope.stream, envelope.key, envelope.sequence)

            return ONE_BY_ONE / await seconds(consume)

        values, floors = await in_turn(batched, one_by_one)
        return [against_floor("consumer: events applied", values, floors, "events/s", 20, "higher")]
    finally:
        await applier.feed.close()
        await database.close()


def applier_of(at: Ground, database: Database) -> Applier:
    """An applier for this module's handler."""
    feed = Feed(at.settings, ServiceToken(at.settings))
    return Applier(database, Registry("outcomes", [consumers]), feed)


Record = tuple[bytes, bytes, Sequence[tuple[str, bytes]]]


def records_of_new_clients(count: int) -> list[Record]:
    """Records as they come from Kafka: key, value and headers."""
    clients = [uuid4() for _ in range(min(CLIENTS, count))]
    records: list[Record] = []
    for number in range(count):
        client = clients[number % len(clients)]
        event = referral(client, clock.now())
        headers = headers_of(
            stream="intake",
            key=event.key,
            sequence=number // len(clients) + 1,
            event_id=str(uuid4()),
            type=event.type_name(),
            dataschema=event.schema_name(),
            occurred_at=event.received_at,
            traceparent=None,
        )
        records.append((event.key.encode(), event.model_dump_json().encode(), headers))
    return records


def opened(key: bytes, value: bytes, headers: Sequence[tuple[str, bytes]]) -> Envelope:
    return open_envelope("intake", key, value, headers)
