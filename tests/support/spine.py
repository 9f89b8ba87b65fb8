"""A publisher and a subscriber on the real spine, small enough to count every effect.

Facts are written to the intake database with an event each; the subscriber, on the outcomes
database, writes an effect for each event and publishes an event of its own. Neither table has a
unique constraint, so that a doubled effect would show.
"""

import asyncio
import contextlib
import itertools
import os
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import asyncpg

from shared.contracts.intake import ReferralReceived
from shared.contracts.outcomes import StepDownDecided
from shared.database import ALL_SITES, Database, Transaction
from shared.database.pool import CHANNEL, MISSING
from shared.messaging.consumer import Consumers, Received
from shared.messaging.outbox import publish
from shared.settings import Settings
from stepwell.runtime.disposable import Stack
from stepwell.runtime.processes import Child, python
from stepwell.runtime.roles import owner
from tests.support.logs import logged

SITE = UUID(int=1)
POISON = UUID(int=0xBAD)
SLOWLY = 0.02
"""Seconds a writer rests after each fact, once there are enough."""
AT_WORK = ("relay_leads", "relay_stands_by", "partitions_assigned")
"""What a process says once it is at work, or ready to take over."""

consumers = Consumers()


@consumers.on(ReferralReceived)
async def write_effect(tx: Transaction, received: Received[ReferralReceived]) -> None:
    """One effect a fact, and one event of its own."""
    event = received.event
    if event.referral_id == POISON:
        raise ValueError("this event can never be handled")
    await tx.execute(
        "INSERT INTO effects (client_id, referral_id, sequence) VALUES ($1, $2, $3)",
        event.client_id,
        event.referral_id,
        received.sequence,
    )
    publish(
        tx,
        StepDownDecided(
            client_id=event.client_id,
            site_id=SITE,
            enrolment_id=event.referral_id,
            recommendation_id=event.referral_id,
            decision="accept",
            reason="clinical_judgement",
            from_level="2.1",
            to_level="1.5",
            decided_at=tx.now,
        ),
    )


@dataclass
class Spine:
    """One test's databases and topics, and the processes that work on them."""

    stack: Stack
    publisher_url: str
    subscriber_url: str
    prefix: str
    names: list[str] = field(default_factory=list)
    """Of the processes that were started."""

    @classmethod
    async def create(cls, stack: Stack) -> "Spine":
        spine = cls(
            stack,
            await stack.database("intake"),
            await stack.database("outcomes"),
            await stack.topics(),
        )
        await spine._as_owner(
            "intake", spine.publisher_url, "CREATE TABLE facts (client_id uuid, referral_id uuid)"
        )
        await spine._as_owner(
            "outcomes",
            spine.subscriber_url,
            "CREATE TABLE effects (client_id uuid, referral_id uuid, sequence bigint)",
        )
        return spine

    async def _as_owner(self, service: str, url: str, statement: str) -> None:
        database = url.rpartition("/")[2].partition("?")[0]
        connection = await asyncpg.connect(self.stack.url(database, owner(service)))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def settings(self, service: str) -> Settings:
        """Settings of a process of `service` in this test."""
        return Settings(
            service=service,
            environment="local",
            database_url=self.publisher_url if service == "intake" else self.subscriber_url,
            kafka_bootstrap_servers=self.stack.kafka.bootstrap_servers,
            kafka_security_protocol="SASL_PLAINTEXT",
            kafka_username=service,
            kafka_password=self.stack.kafka_passwords[service],
            kafka_topic_prefix=self.prefix,
            oidc_issuer="http://127.0.0.1:9",
        )

    async def start(self, role: str, name: str) -> Child:
        """Start a process of `tests.support.spine_process` and wait until it is at work."""
        service = "intake" if role.startswith("relay") else "outcomes"
        self.names.append(f"{self.prefix}{name}")
        child = self.stack.processes.start(
            self.names[-1],
            python("-m", "tests.support.spine_process", role),
            environment={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
                "SPINE_SETTINGS": self.settings(service).model_dump_json(),
            },
        )
        return await logged(AT_WORK, child)

    @contextlib.asynccontextmanager
    async def publisher(self) -> AsyncIterator[Database]:
        database = Database(self.publisher_url, size=8)
        await database.open()
        try:
            yield database
        finally:
            await database.close()

    async def load(
        self,
        *,
        facts: int,
        clients: int = 50,
        on_progress: Callable[[int], None] | None = None,
        over: asyncio.Event | None = None,
    ) -> None:
        """Commit facts with their events, from eight writers; one in ten rolls back.

        They are `facts` at least; with `over` the writers go on, slower, until it is set.
        """
        chance = random.Random(facts)
        keys = [uuid4() for _ in range(clients)]
        work = itertools.takewhile(
            lambda number: number < facts or (over is not None and not over.is_set()),
            itertools.count(),
        )

        async def writer(database: Database) -> None:
            for number in work:
                await self._commit(database, chance.choice(keys), chance.random() < 0.1)
                if number >= facts:
                    await asyncio.sleep(SLOWLY)
                if on_progress is not None:
                    on_progress(number)

        async with self.publisher() as database:
            await asyncio.gather(*(writer(database) for _ in range(8)))

    async def _commit(self, database: Database, client: UUID, roll_back: bool) -> None:
        if roll_back:
            with contextlib.suppress(RuntimeError, *MISSING):
                await record_fact(database, client, uuid4(), fail=True)
        while True:
            try:
                await record_fact(database, client, uuid4())
            except (*MISSING, TimeoutError):
                await asyncio.sleep(0.05)
            else:
                return

    async def until_applied(self, within: float = 60.0) -> None:
        """Wait until every published event was applied and every outbox is empty."""
        async with asyncio.timeout(within):
            changed = asyncio.Event()
            async with _connection(self.subscriber_url) as subscriber:
                await subscriber.add_listener(CHANNEL, lambda *_: changed.set())
                async with _connection(self.publisher_url) as publisher:
                    while True:
                        changed.clear()
                        published = await publisher.fetchval(
                            "SELECT coalesce(sum(sequence), 0) FROM platform.streams"
                        )
                        applied = await subscriber.fetchval(
                            "SELECT coalesce(sum(sequence), 0) FROM platform.positions"
                        )
                        left = await publisher.fetchval("SELECT count(*) FROM platform.outbox")
                        if published == applied and left == 0:
                            return
                        with contextlib.suppress(TimeoutError):
                            await asyncio.wait_for(changed.wait(), 0.25)

    async def until(
        self, statement: str, expected: object, within: float = 60.0, *, url: str | None = None
    ) -> None:
        """Wait until a query gives `expected`, on the subscriber's database or at `url`."""
        changed = asyncio.Event()
        async with asyncio.timeout(within), _connection(url or self.subscriber_url) as connection:
            await connection.add_listener(CHANNEL, lambda *_: changed.set())
            while await connection.fetchval(statement) != expected:
                changed.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), 0.25)

    async def assert_exactly_once(self, *, at_least: int) -> None:
        """Every committed fact had one effect; sequences are gapless; nothing else happened."""
        async with (
            _connection(self.publisher_url) as publisher,
            _connection(self.subscriber_url) as subscriber,
        ):
            facts = await publisher.fetch("SELECT client_id, referral_id FROM facts")
            effects = await subscriber.fetch("SELECT client_id, referral_id, sequence FROM effects")
            assert len(facts) >= at_least
            assert Counter(r["referral_id"] for r in facts) == Counter(
                r["referral_id"] for r in effects
            )
            await assert_gapless(publisher)
            await assert_gapless(subscriber)
            by_client: dict[UUID, list[int]] = {}
            for row in effects:
                by_client.setdefault(row["client_id"], []).append(row["sequence"])
            for sequences in by_client.values():
                assert sorted(sequences) == list(range(1, len(sequences) + 1))
            published = await subscriber.fetchval(
                "SELECT coalesce(sum(sequence), 0) FROM platform.streams"
            )
            assert published == len(effects)
            assert await subscriber.fetchval("SELECT count(*) FROM platform.dead_letters") == 0


async def record_fact(
    database: Database, client: UUID, referral: UUID, *, fail: bool = False
) -> None:
    """A fact and its event in one transaction; with `fail` neither of them."""
    async with database.transaction(ALL_SITES) as tx:
        await tx.execute("INSERT INTO facts VALUES ($1, $2)", client, referral)
        publish(
            tx,
            ReferralReceived(
                client_id=client,
                site_id=SITE,
                referral_id=referral,
                source="self",
                received_at=tx.now,
            ),
        )
        if fail:
            raise RuntimeError("the fact does not come true")


async def assert_gapless(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """In the journal each key carries 1, 2, 3 … up to the head of its stream."""
    wrong = await connection.fetch(
        """
        SELECT s.stream, s.key FROM platform.streams s
        LEFT JOIN platform.journal j USING (stream, key)
        GROUP BY s.stream, s.key, s.sequence
        HAVING count(j.*) <> s.sequence OR count(DISTINCT j.sequence) <> s.sequence
            OR min(j.sequence) <> 1 OR max(j.sequence) <> s.sequence
        """
    )
    assert wrong == []


@contextlib.asynccontextmanager
async def _connection(url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()
