"""Clients of other makes beside ours, in our group and on our topics; and a topic made anew."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

import confluent_kafka
import pytest
from aiokafka import AIOKafkaProducer
from kafka import KafkaProducer

from shared.contracts.intake import ReferralReceived
from shared.contracts.scheduling import SessionMissed
from shared.database import Transaction
from shared.messaging.applier import Applier
from shared.messaging.assignment import STRANGE
from shared.messaging.consumer import Consumer, Consumers, Received
from shared.messaging.handlers import Registry
from shared.messaging.relay import partition_of
from shared.telemetry import metrics
from stepwell.runtime.topics import Broker, create_topics, delete_topics, with_client
from tests.support.subscriber import Subscriber, publish_referrals
from tests.support.system import System

FOUR, TWELVE = 4, 12
KEYS = [str(UUID(int=7 * n)) for n in range(60)]


def broker_of(system: System) -> Broker:
    kafka = system.stack.kafka
    return Broker(
        kafka.bootstrap_servers,
        "SASL_PLAINTEXT",
        "platform",
        system.stack.kafka_passwords["platform"],
    )


def confluent(system: System, service: str, **settings: Any) -> dict[str, Any]:
    """The configuration of a client of librdkafka."""
    return {
        "bootstrap.servers": system.stack.kafka.bootstrap_servers,
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.username": service,
        "sasl.password": system.stack.kafka_passwords[service],
        "log_level": 0,
    } | settings


@contextlib.contextmanager
def member(
    system: System, topics: list[str], **settings: Any
) -> Iterator[confluent_kafka.Consumer]:
    """A member of outcomes' group that is none of ours."""
    consumer = confluent_kafka.Consumer(
        confluent(system, "outcomes", **{"group.id": f"{system.prefix}outcomes"}, **settings)
    )
    consumer.subscribe([f"{system.prefix}stepwell.{topic}" for topic in topics])
    try:
        yield consumer
    finally:
        consumer.close()


@pytest.fixture
def consumer(system: System, subscriber: Subscriber) -> Consumer:
    """A consumer of two streams."""
    consumers = Consumers()

    @consumers.on(ReferralReceived)
    async def see(tx: Transaction, received: Received[ReferralReceived]) -> None:
        subscriber.seen.append((received.key, received.sequence or 0))

    @consumers.on(SessionMissed)
    async def miss(tx: Transaction, received: Received[SessionMissed]) -> None: ...

    _ = system.databases["intake"]
    applier = Applier(subscriber.database, Registry("outcomes", [consumers]), subscriber.feed)
    return Consumer(applier, system.settings("outcomes"))


@contextlib.asynccontextmanager
async def running(consumer: Consumer) -> AsyncIterator[None]:
    """Let it consume; the block begins when it has its partitions."""
    looked, look_at = asyncio.Event(), consumer.look_at

    def look(*given: Any) -> None:
        look_at(*given)
        looked.set()

    consumer.look_at = look  # type: ignore[method-assign]
    work = asyncio.create_task(consumer.run())
    try:
        await asyncio.wait_for(looked.wait(), 30)
        yield
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def polling(member: confluent_kafka.Consumer, until: Any) -> None:
    """Let a member take part in its group until something holds."""
    async with asyncio.timeout(40):
        while not until():
            message = await asyncio.to_thread(member.poll, 0.2)
            if message is not None and message.error() is not None:
                raise confluent_kafka.KafkaException(message.error())


CLASSIC = {"partition.assignment.strategy": "range", "session.timeout.ms": 6_000}


async def test_what_a_member_with_fewer_streams_tears_apart_waits_until_it_has_left(
    system: System, consumer: Consumer
):
    async with running(consumer):
        with member(system, ["intake"], **CLASSIC) as other:
            await polling(other, lambda: apart(consumer) > 0)
            assert consumer.complaint is None  # a former release has fewer streams too
        await until(lambda: apart(consumer) == 0)


async def test_who_assigns_in_our_place_and_tears_streams_apart_makes_us_say_so(
    system: System, consumer: Consumer
):
    with member(system, ["intake"], **CLASSIC) as other:
        await polling(other, other.assignment)
        async with AsyncExitStack() as stack:
            joining = asyncio.create_task(stack.enter_async_context(running(consumer)))
            await polling(other, lambda: apart(consumer) > 0)
            await joining
            assert consumer.complaint == STRANGE
            await asyncio.to_thread(other.unsubscribe)
            await until(lambda: consumer.complaint is None)
            assert apart(consumer) == 0


async def test_who_assigns_in_our_place_and_keeps_streams_together_is_no_reason_to_complain(
    system: System, consumer: Consumer
):
    with member(system, ["intake", "scheduling"], **CLASSIC) as other:
        await polling(other, other.assignment)
        async with AsyncExitStack() as stack:
            joining = asyncio.create_task(stack.enter_async_context(running(consumer)))
            await polling(other, joining.done)
            assert (consumer.complaint, apart(consumer)) == (None, 0)


async def until(holds: Callable[[], object]) -> None:
    """Wait for what nobody tells."""
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.1)


def apart(consumer: Consumer) -> float:
    value: float = metrics.partitions_apart.labels(consumer.applier.consumer)._value.get()
    return value


async def test_a_member_of_the_new_group_protocol_is_not_let_into_a_group_of_ours(
    system: System, subscriber: Subscriber, consumer: Consumer
):
    client = uuid4()
    await system.start("intake")
    async with running(consumer):
        with (
            member(system, ["intake"], **{"group.protocol": "consumer"}) as other,
            pytest.raises(confluent_kafka.KafkaException),
        ):
            await polling(other, other.assignment)
        await publish_referrals(system, client, 2)
        await seen(subscriber, 2)
        assert (consumer.complaint, apart(consumer)) == (None, 0)


async def test_a_topic_deleted_and_made_again_costs_a_running_consumer_nothing(
    system: System, subscriber: Subscriber, consumer: Consumer
):
    await system.start("intake")
    clients = [key for key in map(UUID, KEYS) if partition_of(str(key), FOUR) == 0][:4]
    broker = broker_of(system)
    async with running(consumer):
        for client in clients:
            await publish_referrals(system, client, 3)
        await seen(subscriber, 12)
        await asyncio.to_thread(delete_topics, broker, system.prefix, streams=("intake",))
        await asyncio.to_thread(recreated, broker, system.prefix)
        for client in clients:
            await publish_referrals(system, client, 5)
        await seen(subscriber, 32)
    assert sorted(subscriber.seen) == sorted((str(c), n) for c in clients for n in range(1, 9))
    assert await system.fetch("outcomes", "SELECT FROM platform.dead_letters") == []


def recreated(broker: Broker, prefix: str) -> None:
    """Make missing topics; a deleted one goes a moment after it was deleted."""
    while create_topics(broker, prefix) == 0:
        pass


async def seen(subscriber: Subscriber, count: int) -> None:
    await until(lambda: len(set(subscriber.seen)) >= count)


async def test_keys_go_to_the_same_of_twelve_partitions_with_clients_that_hash_by_murmur2(
    system: System,
):
    topic = f"{system.prefix}stepwell.intake"
    broker = broker_of(system)
    await asyncio.to_thread(delete_topics, broker, system.prefix, streams=("intake",))
    await asyncio.to_thread(with_client, broker, lambda client: twelve(client, topic))
    expected = {key: partition_of(key, TWELVE) for key in KEYS}
    assert len(set(expected.values())) > TWELVE // 2
    assert await by_aiokafka(system, topic) == expected
    assert await asyncio.to_thread(by_kafka_python, system, topic) == expected
    murmur = {"partitioner": "murmur2_random"}
    assert await asyncio.to_thread(by_confluent, system, topic, **murmur) == expected
    assert await asyncio.to_thread(by_confluent, system, topic) != expected


def twelve(client: Any, topic: str) -> None:
    """Make the topic with twelve partitions, once the former one is gone."""
    while client.create_topics(
        {topic: {"num_partitions": TWELVE, "replication_factor": 1}}, raise_errors=False
    )["topics"][0]["error_code"]:
        pass
    client.wait_for_topics([topic])


async def by_aiokafka(system: System, topic: str) -> dict[str, int]:
    producer = AIOKafkaProducer(**system.settings("intake").kafka_client)
    await producer.start()
    try:
        return {
            key: (await producer.send_and_wait(topic, b"{}", key=key.encode())).partition
            for key in KEYS
        }
    finally:
        await producer.stop()


def by_kafka_python(system: System, topic: str) -> dict[str, int]:
    producer = KafkaProducer(
        bootstrap_servers=system.stack.kafka.bootstrap_servers,
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="PLAIN",
        sasl_plain_username="intake",
        sasl_plain_password=system.stack.kafka_passwords["intake"],
    )
    try:
        sent = {key: producer.send(topic, b"{}", key=key.encode()) for key in KEYS}
        return {key: future.get(20).partition for key, future in sent.items()}
    finally:
        producer.close()


def by_confluent(system: System, topic: str, **settings: Any) -> dict[str, int]:
    producer = confluent_kafka.Producer(confluent(system, "intake", **settings))
    found: dict[str, int] = {}

    def delivered(error: object, message: confluent_kafka.Message) -> None:
        assert error is None
        found[message.key().decode()] = message.partition()

    for key in KEYS:
        producer.produce(topic, b"{}", key=key, on_delivery=delivered)
    producer.flush(20)
    return found
