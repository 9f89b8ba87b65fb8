"""The engagement worker: whatever dies, the figures equal a computation from scratch."""

import asyncio
import json
import os
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from shared.contracts.outcomes import EngagementChanged
from shared.messaging.relay import partition_of
from stepwell.runtime.disposable import Stack
from stepwell.runtime.processes import Child, python
from tests.support.attendance import Published, course, from_scratch, in_turn, outcome, spread
from tests.support.attendance_sql import figures_by_sql
from tests.support.logs import logged
from tests.support.raw import Raw, send_raw

CLIENTS = 60
EVENTS = 5_000


@dataclass
class Engagement:
    """Engagement workers on topics of their own, and what they have told so far."""

    stack: Stack
    prefix: str
    told: dict[str, EngagementChanged] = field(default_factory=dict)
    count: Counter[int] = field(default_factory=Counter)
    """Records told, by partition; a client's partition is the same on every topic."""
    names: list[str] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def client(self, service: str) -> dict[str, object]:
        return {
            "bootstrap_servers": self.stack.kafka.bootstrap_servers,
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "PLAIN",
            "sasl_plain_username": service,
            "sasl_plain_password": self.stack.kafka_passwords[service],
        }

    def start(self, name: str) -> Child:
        """Start one engagement worker."""
        self.names.append(f"{self.prefix}{name}")
        return self.stack.processes.start(
            self.names[-1],
            python("-m", "services.outcomes", "stream"),
            environment={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
                "STEPWELL_ENVIRONMENT": "local",
                "DATABASE_URL_OUTCOMES": "postgresql://unused",
                "KAFKA_BOOTSTRAP_SERVERS": self.stack.kafka.bootstrap_servers,
                "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
                "KAFKA_USERNAME_OUTCOMES": "outcomes",
                "KAFKA_PASSWORD_OUTCOMES": self.stack.kafka_passwords["outcomes"],
                "KAFKA_TOPIC_PREFIX": self.prefix,
                "OIDC_ISSUER": "http://127.0.0.1:9",
            },
        )

    async def follow(self) -> None:
        """Keep the figures with the highest source sequence of each client, as a consumer does."""
        consumer = AIOKafkaConsumer(
            f"{self.prefix}stepwell.engagement",
            auto_offset_reset="earliest",
            **self.client("outcomes"),
        )
        await consumer.start()
        try:
            async for record in consumer:
                told = EngagementChanged.model_validate_json(record.value)
                known = self.told.get(told.key)
                if known is None or known.source_sequence <= told.source_sequence:
                    self.told[told.key] = told
                self.count[record.partition] += 1
                self.changed.set()
        finally:
            await consumer.stop()

    async def until_told(self, expected: dict[str, int], within: float = 90.0) -> None:
        """Wait until the figures of every client contain the given sequence."""
        async with asyncio.timeout(within):
            while any(
                client not in self.told or self.told[client].source_sequence < sequence
                for client, sequence in expected.items()
            ):
                self.changed.clear()
                await self.changed.wait()

    async def until_counted(
        self, partitions: Iterable[int], count: int, within: float = 90.0
    ) -> None:
        """Wait until `count` records more were told on these partitions."""
        start = sum(self.count[partition] for partition in partitions)
        async with asyncio.timeout(within):
            while sum(self.count[partition] for partition in partitions) < start + count:
                self.changed.clear()
                await self.changed.wait()

    async def publish(self, events: list[Published]) -> None:
        producer = AIOKafkaProducer(enable_idempotence=True, **self.client("scheduling"))
        await producer.start()
        topic = f"{self.prefix}stepwell.scheduling"
        for one in events:
            await producer.send(topic, one.value, key=one.key, headers=one.headers)
        await producer.flush()
        await producer.stop()


@pytest.fixture
async def engagement(stack: Stack) -> AsyncIterator[Engagement]:
    made = Engagement(stack, await stack.topics())
    follower = asyncio.create_task(made.follow())
    yield made
    follower.cancel()
    await asyncio.gather(follower, return_exceptions=True)
    for name in made.names:
        await asyncio.to_thread(stack.processes.stop, name)


def courses(seed: int) -> list[list[Published]]:
    chance = random.Random(seed)
    return [course(uuid4(), EVENTS // CLIENTS, chance) for _ in range(CLIENTS)]


def last_sequences(made: list[list[Published]]) -> dict[str, int]:
    return {one[-1].event.key: one[-1].sequence for one in made}


def assert_equal_from_scratch(engagement: Engagement, made: list[list[Published]]) -> None:
    expected = {one[-1].event.key: from_scratch(one) for one in made}
    assert engagement.told == expected


def assigned(child: Child) -> list[int]:
    """The partitions of the source that a worker's log last spoke of."""
    lines = [json.loads(line) for line in child.log.read_text().splitlines() if line[:1] == "{"]
    told = [line["partitions"] for line in lines if line["event"] == "engagement_partitions"]
    latest: list[int] = told[-1]
    return latest


async def test_figures_survive_a_killed_worker_and_a_joining_one(engagement: Engagement):
    made = courses(seed=1)
    mixed = in_turn(made, random.Random(2))
    third = len(mixed) // 3
    engagement.start("worker-1")
    await engagement.publish(mixed[:third])
    await engagement.until_told({one.event.key: one.sequence for one in mixed[:third]})
    victim = engagement.start("worker-2")
    load = asyncio.create_task(engagement.publish(mixed[third : 2 * third]))
    await logged("engagement_partitions", victim)
    await load
    last = asyncio.create_task(engagement.publish(mixed[2 * third :]))
    await engagement.until_counted(assigned(victim), 20)
    victim.kill()
    await last
    await engagement.until_told(last_sequences(made))
    assert_equal_from_scratch(engagement, made)


async def test_a_worker_killed_before_it_did_anything_takes_nothing_away(engagement: Engagement):
    made = courses(seed=6)
    mixed = in_turn(made, random.Random(7))
    half = len(mixed) // 2
    engagement.start("worker-1")
    load = asyncio.create_task(engagement.publish(mixed[:half]))
    victim = engagement.start("worker-2")
    await logged("engagement_partitions", victim)
    victim.kill()
    await load
    await engagement.publish(mixed[half:])
    await engagement.until_told(last_sequences(made))
    assert_equal_from_scratch(engagement, made)


async def test_a_new_worker_goes_on_from_what_the_others_knew(engagement: Engagement):
    made = courses(seed=8)
    engagement.start("worker-1")
    await engagement.publish(in_turn([one[:-1] for one in made], random.Random(9)))
    await engagement.until_told({one[-2].event.key: one[-2].sequence for one in made})
    await asyncio.to_thread(engagement.stack.processes.stop, engagement.names[-1])
    engagement.start("worker-2")
    await engagement.publish([one[-1] for one in made])
    await engagement.until_told(last_sequences(made))
    assert_equal_from_scratch(engagement, made)


async def test_a_restarted_broker_delays_figures_and_loses_none(engagement: Engagement):
    made = courses(seed=10)
    mixed = in_turn(made, random.Random(11))
    half = len(mixed) // 2
    engagement.start("worker")
    await engagement.publish(mixed[:half])
    await engagement.until_counted(range(4), 100)
    await asyncio.to_thread(engagement.stack.kafka.stop)
    await asyncio.to_thread(engagement.stack.kafka.start)
    await engagement.publish(mixed[half:])
    await engagement.until_told(last_sequences(made))
    assert_equal_from_scratch(engagement, made)


async def test_replayed_events_change_nothing(engagement: Engagement):
    made = courses(seed=3)[:10]
    mixed = in_turn(made, random.Random(4))
    engagement.start("worker")
    await engagement.publish(mixed)
    await engagement.until_told(last_sequences(made))
    await engagement.publish(mixed)
    following = [outcome(UUID(one[0].event.key), 200, "attended", sequence=900) for one in made]
    await engagement.publish(following)
    made = [[*one, more] for one, more in zip(made, following, strict=True)]
    await engagement.until_told(last_sequences(made))
    assert_equal_from_scratch(engagement, made)


async def test_shuffled_and_doubled_events_lead_to_what_sql_computes_from_all_of_them(
    engagement: Engagement,
):
    chance = random.Random(12)
    made = [spread(uuid4(), 50, chance) for _ in range(20)]
    mixed = [one for client in made for one in client[:-1]] * 2
    chance.shuffle(mixed)
    engagement.start("worker")
    await engagement.publish([*mixed, *(one[-1] for one in made)])
    await engagement.until_told(last_sequences(made))
    computed = await figures_by_sql(
        engagement.stack.postgres.url(), mixed + [one[-1] for one in made]
    )
    assert len(computed) == len(made)
    for row in computed:
        told = engagement.told[str(row["client"])].model_dump(include=set(row) - {"client"})
        assert told == {name: value for name, value in row.items() if name != "client"}


def misleading(true: Published) -> list[Published]:
    """Attendance that fits the contract, and of which no figures can be computed."""
    naive = true.event.starts_at.replace(tzinfo=None)
    return [
        Published(true.event.model_copy(update={"time_zone": "Mars/Olympus"}), 1),
        Published(true.event.model_copy(update={"time_zone": "America"}), 1),
        Published(true.event.model_copy(update={"starts_at": naive}), 1),
    ]


async def test_rubbish_on_the_source_never_stops_the_worker(engagement: Engagement):
    made = [course(uuid4(), 3, random.Random(5))]
    producer = AIOKafkaProducer(**engagement.client("scheduling"))
    await producer.start()
    topic = f"{engagement.prefix}stepwell.scheduling"
    for partition in range(4):
        await producer.send_and_wait(topic, b"\xff", key=b"\xff", partition=partition)
        await producer.send_and_wait(topic, None, key=b"k", partition=partition)
        await producer.send_and_wait(
            topic, b"{}", key=b"k", headers=[("ce_specversion", b"1.0")], partition=partition
        )
        for spoiled in misleading(made[0][0]):
            await producer.send_and_wait(
                topic, spoiled.value, key=spoiled.key, headers=spoiled.headers, partition=partition
            )
    await producer.stop()
    engagement.start("worker")
    await engagement.publish(made[0])
    await engagement.until_told(last_sequences(made))
    assert_equal_from_scratch(engagement, made)


@pytest.mark.parametrize("name", [b"\xff\xfe", b"\x00", b"\xed\xa0\x80"])
async def test_header_names_of_any_bytes_never_stop_the_worker(engagement: Engagement, name: bytes):
    made = [course(uuid4(), 3, random.Random(5))]
    producer = AIOKafkaProducer(**engagement.client("scheduling"))
    await producer.start()
    topic = f"{engagement.prefix}stepwell.scheduling"
    first = made[0][0]
    named = [(n.encode(), value) for n, value in first.headers]
    for partition in range(4):
        strange: Raw = (b"k", b"{}", [(name, b"v")])
        await send_raw(producer, topic, [strange, strange], partition=partition)
    mixed: list[Raw] = [
        (b"k", b"{}", [(name, b"v")]),
        (first.key, first.value, [*named, (name, b"v")]),
    ]
    await send_raw(producer, topic, mixed, partition=partition_of(first.key.decode(), 4))
    await producer.stop()
    worker = engagement.start("worker")
    await engagement.until_told({first.event.key: 1})
    await engagement.publish(made[0][1:])
    await engagement.until_told(last_sequences(made))
    assert_equal_from_scratch(engagement, made)
    assert worker.popen.poll() is None
