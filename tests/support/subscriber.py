"""A subscriber to referrals, and the events that it reads, without a broker between them."""

from uuid import UUID, uuid4

from shared.access.client import ServiceToken
from shared.contracts.intake import ReferralReceived
from shared.database import ALL_SITES, Database, Transaction
from shared.messaging.applier import Applier
from shared.messaging.consumer import Consumers, Received
from shared.messaging.envelope import Envelope, headers_of, open_envelope
from shared.messaging.feed import Feed
from shared.messaging.handlers import Registry
from shared.messaging.outbox import publish
from tests.support.system import System

SITE = UUID(int=1)


WRITE = "INSERT INTO platform.positions SELECT 'nobody', 'none', 'none', 1 / $1::int"


async def divide_by(tx: Transaction, given: list[int]) -> None:
    """A write that fails by 0: when it goes out, which is later."""
    await tx.write(WRITE, given[0])


class Subscriber:
    """A consumer on the outcomes database that remembers what it applied."""

    def __init__(self, system: System) -> None:
        self.seen: list[tuple[str, int]] = []
        self.broken: set[int] = set()
        self.failing_at_end: set[int] = set()
        consumers = Consumers()

        @consumers.on(ReferralReceived)
        async def see(tx: Transaction, received: Received[ReferralReceived]) -> None:
            assert received.sequence is not None
            if received.sequence in self.broken:
                raise ValueError("cannot be handled yet")
            if received.sequence in self.failing_at_end:
                tx.at_end(divide_by, 0)
            self.seen.append((received.key, received.sequence))

        settings = system.settings("outcomes")
        self.database = Database(settings.database_url)
        self.feed = Feed(settings, ServiceToken(settings))
        self.applier = Applier(self.database, Registry("outcomes", [consumers]), self.feed)


async def publish_referrals(system: System, client: UUID, count: int) -> list[Envelope]:
    """Publish `count` events of a client; the envelopes as a subscriber would read them."""
    database = Database(system.databases["intake"])
    await database.open()
    try:
        for _ in range(count):
            async with database.transaction(ALL_SITES) as tx:
                publish(
                    tx,
                    ReferralReceived(
                        client_id=client,
                        site_id=SITE,
                        referral_id=uuid4(),
                        source="self",
                        received_at=tx.now,
                    ),
                )
    finally:
        await database.close()
    rows = await system.fetch(
        "intake",
        "SELECT * FROM platform.journal WHERE key = $1 ORDER BY sequence",
        str(client),
    )
    return [
        open_envelope(
            row["stream"],
            row["key"].encode(),
            bytes(row["payload"]),
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
            partition=0,
            offset=row["sequence"],
        )
        for row in rows
    ]
