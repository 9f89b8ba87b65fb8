"""Whatever dies, every committed fact has its effect exactly once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer

from shared.contracts.intake import ReferralReceived
from shared.messaging.envelope import headers_of
from stepwell.runtime.disposable import Stack
from tests.support.logs import logged
from tests.support.raw import Raw, send_raw
from tests.support.spine import POISON, SITE, Spine, record_fact

FACTS = 2_000


@pytest.fixture
async def spine(stack: Stack) -> AsyncIterator[Spine]:
    created = await Spine.create(stack)
    yield created
    for name in created.names:
        await asyncio.to_thread(stack.processes.stop, name)


@contextlib.asynccontextmanager
async def under_load(spine: Spine) -> AsyncIterator[None]:
    """Facts are committed before, while and after the block happens.

    They are FACTS at least; in the end each had its effect exactly once.
    """
    half, over = asyncio.Event(), asyncio.Event()

    def progress(number: int) -> None:
        if number >= FACTS // 2:
            half.set()

    load = asyncio.create_task(spine.load(facts=FACTS, on_progress=progress, over=over))
    try:
        await half.wait()
        yield
        over.set()
        await load
    finally:
        load.cancel()
    await spine.until_applied()
    await spine.assert_exactly_once(at_least=FACTS)


async def test_a_killed_relay_is_replaced_by_its_standby(spine: Spine):
    leader = await spine.start("relay", "relay-1")
    standby = await spine.start("relay", "relay-2")
    await spine.start("consumer", "consumer")
    async with under_load(spine):
        leader.kill()
        await logged("relay_leads", standby)


async def test_a_relay_that_dies_between_sending_and_deleting_doubles_no_effect(spine: Spine):
    await spine.start("consumer", "consumer")
    async with under_load(spine):
        dying = await spine.start("relay-dying", "relay-dying")
        await asyncio.to_thread(dying.popen.wait, 30)
        assert dying.popen.returncode == -9
        await spine.start("relay", "relay")


async def test_a_killed_consumer_loses_and_doubles_nothing(spine: Spine):
    await spine.start("relay", "relay")
    victim = await spine.start("consumer", "consumer-1")
    async with under_load(spine):
        await spine.until("SELECT count(*) > 100 FROM effects", True)
        victim.kill()
        await spine.start("consumer", "consumer-2")


async def test_members_that_join_and_leave_the_group_lose_and_double_nothing(spine: Spine):
    await spine.start("relay", "relay")
    await spine.start("consumer", "consumer-1")
    async with under_load(spine):
        await spine.start("consumer", "consumer-2")
        await spine.start("consumer", "consumer-3")
        await asyncio.to_thread(spine.stack.processes.stop, f"{spine.prefix}consumer-1")


async def test_a_restarted_broker_delays_and_loses_nothing(spine: Spine):
    await spine.start("relay", "relay")
    await spine.start("consumer", "consumer")
    async with under_load(spine):
        await asyncio.to_thread(spine.stack.kafka.stop)
        await asyncio.to_thread(spine.stack.kafka.start)


async def test_a_restarted_database_delays_and_loses_nothing(spine: Spine):
    await spine.start("relay", "relay")
    await spine.start("consumer", "consumer")
    async with under_load(spine):
        await asyncio.to_thread(spine.stack.postgres.stop)
        await asyncio.to_thread(spine.stack.postgres.start)


async def test_a_poison_event_stops_its_own_client_only_and_visibly(spine: Spine):
    await spine.start("relay", "relay")
    await spine.start("consumer", "consumer")
    patient, load = uuid4(), asyncio.create_task(spine.load(facts=FACTS))
    async with spine.publisher() as database:
        for referral in (uuid4(), uuid4(), POISON, uuid4(), uuid4()):
            await record_fact(database, patient, referral)
    await load
    await spine.until(
        "SELECT array_agg(ROW(sequence, reason)::text ORDER BY id) FROM platform.dead_letters",
        ["(3,handler_failed)", "(4,behind)", "(5,behind)"],
    )
    await spine.until(
        f"SELECT count(*) FROM effects WHERE client_id <> '{patient}'",
        FACTS,
    )
    others = await query(
        spine.subscriber_url,
        "SELECT count(*), count(DISTINCT referral_id) FROM effects WHERE client_id <> $1",
        patient,
    )
    assert tuple(others[0]) == (FACTS, FACTS)
    own = await query(
        spine.subscriber_url,
        "SELECT sequence FROM effects WHERE client_id = $1 ORDER BY sequence",
        patient,
    )
    assert [r["sequence"] for r in own] == [1, 2]


async def test_malformed_records_become_dead_letters_and_never_stop_the_consumer(spine: Spine):
    await spine.start("relay", "relay")
    await spine.start("consumer", "consumer")
    await spine.load(facts=FACTS // 2)
    await spine.until_applied()
    producer = AIOKafkaProducer(**spine.settings("intake").kafka_client)
    await producer.start()
    topic = f"{spine.prefix}stepwell.intake"
    rubbish: list[dict[str, Any]] = [
        {"value": b"\xff\xfe", "key": b"\xff", "headers": []},
        {"value": None, "key": b"k", "headers": []},
        {"value": b"{}", "key": b"k", "headers": [("ce_specversion", b"1.0")]},
        {"value": b"{}", "key": b"k", "headers": [("ce_specversion", b"\x00")]},
        {"value": b"{}", "key": b"k", "headers": with_header("ce_id", None)},
        {"value": b"{}", "key": b"k", "headers": with_header("ce_sequence", b"9" * 30)},
        {"value": b"{}", "key": b"k", "headers": [("unknown", None)]},
        {"value": b"{}", "key": b"k\x00", "headers": with_header("ce_subject", b"k\x00")},
        {"value": b"{}", "key": b"k" * 9_000, "headers": with_header("ce_subject", b"k" * 9_000)},
    ]
    for record in rubbish:
        await producer.send_and_wait(topic, partition=0, **record)
    await producer.stop()
    await spine.load(facts=FACTS - FACTS // 2)
    await spine.until_applied()
    letters = await dead_letters(spine)
    assert letters == [(None, "undecodable")] * len(rubbish)
    counts = await query(
        spine.subscriber_url, "SELECT count(*), count(DISTINCT referral_id) FROM effects"
    )
    assert tuple(counts[0]) == (FACTS, FACTS)


async def test_header_names_of_any_bytes_stop_nobody(spine: Spine):
    await spine.start("relay", "relay")
    consumer = await spine.start("consumer", "consumer")
    client = uuid4()
    async with producing(spine) as producer:
        topic = f"{spine.prefix}stepwell.intake"
        for name in STRANGE_NAMES:
            strange: list[tuple[bytes, bytes | None]] = [(name, b"v"), (name, None)]
            await send_raw(producer, topic, [(b"k", b"{}", strange)])
        good = referral_of(client)
        named = [(n.encode(), v) for n, v in headers_for(good, 1)]
        value = good.model_dump_json().encode()
        mixed: list[Raw] = [
            (b"k", b"{}", [(b"\xff", b"v")]),
            (good.key.encode(), value, [*named, (b"\xff\x00", b"v")]),
        ]
        await send_raw(producer, topic, mixed)
    await spine.until("SELECT count(*) FROM platform.dead_letters", len(STRANGE_NAMES) + 1)
    await spine.until(f"SELECT count(*) FROM effects WHERE client_id = '{client}'", 1)
    await spine.load(facts=FACTS // 10)
    await spine.until("SELECT count(*) FROM effects", FACTS // 10 + 1)
    assert consumer.popen.poll() is None
    letters = await dead_letters(spine)
    assert letters == [(None, "undecodable")] * (len(STRANGE_NAMES) + 1)
    names = await query(
        spine.subscriber_url, "SELECT jsonb_object_keys(headers) AS name FROM platform.dead_letters"
    )
    assert {r["name"] for r in names} == {
        "\\x00",
        "ce_\\x00type",
        "\\xff\\xfe",
        "\\xed\\xa0\\x80",
        "\\xff",
        "",
    }


STRANGE_NAMES = [b"\x00", b"ce_\x00type", b"\xff\xfe", b"\xed\xa0\x80", b""]


@pytest.mark.parametrize("packed", ["gzip", "snappy", "lz4", "zstd"])
async def test_records_packed_by_another_client_are_read(spine: Spine, packed: str):
    await spine.start("consumer", "consumer")
    client = uuid4()
    async with producing(spine, compression_type=packed) as producer:
        for number in range(1, 21):
            good = referral_of(client)
            await producer.send(
                f"{spine.prefix}stepwell.intake",
                good.model_dump_json().encode(),
                key=good.key.encode(),
                partition=0,
                headers=headers_for(good, number),
            )
        await producer.flush()
    await spine.until("SELECT count(*) FROM effects", 20)
    assert await dead_letters(spine) == []


@contextlib.asynccontextmanager
async def producing(spine: Spine, **settings: Any) -> AsyncIterator[AIOKafkaProducer]:
    """A producer in the name of intake."""
    producer = AIOKafkaProducer(**spine.settings("intake").kafka_client, **settings)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


def referral_of(client: UUID) -> ReferralReceived:
    return ReferralReceived(
        client_id=client,
        site_id=SITE,
        referral_id=uuid4(),
        source="self",
        received_at=datetime.now(UTC),
    )


def headers_for(event: ReferralReceived, sequence: int) -> list[tuple[str, bytes]]:
    return headers_of(
        stream="intake",
        key=event.key,
        sequence=sequence,
        event_id=str(uuid4()),
        type=event.type_name(),
        dataschema=event.schema_name(),
        occurred_at=datetime.now(UTC),
        traceparent=None,
    )


def with_header(name: str, value: bytes | None) -> list[tuple[str, bytes | None]]:
    """The headers of a referral with one changed."""
    made: dict[str, bytes | None] = dict(
        headers_of(
            stream="intake",
            key="k",
            sequence=1,
            event_id="e",
            type=ReferralReceived.type_name(),
            dataschema=ReferralReceived.schema_name(),
            occurred_at=datetime.now(UTC),
            traceparent=None,
        )
    )
    return list((made | {name: value}).items())


async def dead_letters(spine: Spine) -> list[tuple[int | None, str]]:
    rows = await query(
        spine.subscriber_url, "SELECT sequence, reason FROM platform.dead_letters ORDER BY id"
    )
    return [(r["sequence"], r["reason"]) for r in rows]


async def query(url: str, statement: str, *args: object) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(statement, *args)
    finally:
        await connection.close()
