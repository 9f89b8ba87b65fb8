"""An event that the broker does not take stops its own key, visibly, and nobody else's."""

import asyncio
from collections.abc import AsyncIterator
from typing import ClassVar
from uuid import UUID, uuid4

import pytest

from shared.contracts.base import ClientEvent
from shared.database import ALL_SITES
from shared.messaging import outbox, set_aside
from shared.messaging.outbox import EventTooLarge, publish
from stepwell.runtime.disposable import Stack
from stepwell.runtime.topics import Broker, with_client
from tests.faults.test_spine_faults import query
from tests.support.spine import SITE, Spine, record_fact

SMALL_LIMIT, USUAL_LIMIT = 20_000, 1_048_588
OTHERS = 30
SET_ASIDE = "SELECT FROM platform.set_aside"


class Described(ClientEvent):
    """An event of any size, to which nobody reacts."""

    stream: ClassVar[str] = "intake"
    text: str


@pytest.fixture
async def spine(stack: Stack) -> AsyncIterator[Spine]:
    created = await Spine.create(stack)
    yield created
    for name in created.names:
        await asyncio.to_thread(stack.processes.stop, name)


async def limit(spine: Spine, size: int) -> None:
    """Let the broker take batches of `size` bytes on the topic of intake."""
    from kafka.admin import ConfigResource, ConfigResourceType

    broker = Broker(
        spine.stack.kafka.bootstrap_servers,
        "SASL_PLAINTEXT",
        "platform",
        spine.stack.kafka_passwords["platform"],
    )
    changed = ConfigResource(
        ConfigResourceType.TOPIC,
        f"{spine.prefix}stepwell.intake",
        configs={"max.message.bytes": str(size), "retention.ms": "3600000"},
    )
    await asyncio.to_thread(with_client, broker, lambda client: client.alter_configs([changed]))


async def describe(spine: Spine, client: UUID, size: int) -> None:
    """Publish an event of about `size` bytes."""
    async with spine.publisher() as database, database.transaction(ALL_SITES) as tx:
        publish(tx, Described(client_id=client, site_id=SITE, text="x" * size))


async def facts_of(spine: Spine, *clients: UUID) -> None:
    async with spine.publisher() as database:
        for client in clients:
            await record_fact(database, client, uuid4())


async def until_set_aside(spine: Spine, *expected: tuple[UUID, int, str]) -> None:
    wanted = sorted(f"{client} {sequence} {reason}" for client, sequence, reason in expected)
    await spine.until(
        "SELECT array_agg(key || ' ' || sequence || ' ' || reason ORDER BY key, sequence)"
        " FROM platform.set_aside",
        wanted,
        url=spine.publisher_url,
    )


async def test_an_event_above_a_lowered_limit_stops_its_own_client_only(spine: Spine):
    await limit(spine, SMALL_LIMIT)
    ana = uuid4()
    others = [uuid4() for _ in range(OTHERS)]
    await facts_of(spine, ana, *others)
    await describe(spine, ana, 2 * SMALL_LIMIT)
    await facts_of(spine, ana, *others)
    await spine.start("relay", "relay")
    await spine.start("consumer", "consumer")
    await until_set_aside(spine, (ana, 2, "too_large"), (ana, 3, "behind"))
    await spine.until("SELECT count(*) FROM effects", 2 * OTHERS + 1)
    await facts_of(spine, ana, *others)
    await spine.until("SELECT count(*) FROM effects", 3 * OTHERS + 1)
    await until_set_aside(spine, (ana, 2, "too_large"), (ana, 3, "behind"), (ana, 4, "behind"))

    await limit(spine, USUAL_LIMIT)
    async with spine.publisher() as database, database.transaction(ALL_SITES) as tx:
        assert await set_aside.send_again(tx, "intake", str(ana), pass_over=False) == 3
    await spine.until_applied()
    effects = await query(spine.subscriber_url, "SELECT referral_id FROM effects")
    facts = await query(spine.publisher_url, "SELECT referral_id FROM facts")
    assert sorted(effects) == sorted(facts)
    assert len(facts) == 3 * OTHERS + 3
    assert await query(spine.subscriber_url, "SELECT FROM platform.dead_letters") == []


async def test_events_that_fit_alone_are_sent_though_a_batch_of_them_does_not_fit(spine: Spine):
    await limit(spine, 3_000)
    await facts_of(spine, *[uuid4() for _ in range(120)])
    await spine.start("relay", "relay")
    await spine.start("consumer", "consumer")
    await spine.until_applied()
    assert await query(spine.publisher_url, SET_ASIDE) == []
    await spine.assert_exactly_once(at_least=120)


async def test_an_event_larger_than_any_request_is_set_aside_too(
    spine: Spine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(outbox, "LARGEST_EVENT_BYTES", 10**9)  # as an older release
    ana, ben, cho = uuid4(), uuid4(), uuid4()
    await describe(spine, ana, 2 * 1024 * 1024)
    await describe(spine, ben, 3 * 1024 * 1024)
    await facts_of(spine, ana, ben, cho)
    await spine.start("relay", "relay")
    await spine.start("consumer", "consumer")
    await spine.until("SELECT count(*) FROM effects", 1)
    await until_set_aside(
        spine,
        (ana, 1, "too_large"),
        (ana, 2, "behind"),
        (ben, 1, "too_large"),
        (ben, 2, "behind"),
    )


async def test_an_event_of_a_stream_that_is_no_more_is_set_aside(spine: Spine):
    ana = uuid4()
    async with spine.publisher() as database, database.transaction(ALL_SITES) as tx:
        publish(tx, Described(client_id=ana, site_id=SITE, text=""))
        tx.outgoing[0] = type(tx.outgoing[0])(
            **{
                name: getattr(tx.outgoing[0], name)
                for name in tx.outgoing[0].__slots__
                if name != "stream"
            },
            stream="former",
        )
    await facts_of(spine, ana)
    await spine.start("relay", "relay")
    await spine.start("consumer", "consumer")
    await spine.until("SELECT count(*) FROM effects", 1)
    await until_set_aside(spine, (ana, 1, "no_topic"))


async def test_who_passes_over_an_event_lets_those_behind_it_go_on_and_keeps_it_in_the_journal(
    spine: Spine,
):
    await limit(spine, SMALL_LIMIT)
    ana = uuid4()
    await facts_of(spine, ana)
    await describe(spine, ana, 2 * SMALL_LIMIT)
    await facts_of(spine, ana)
    await spine.start("relay", "relay")
    await spine.start("consumer", "consumer")
    await until_set_aside(spine, (ana, 2, "too_large"), (ana, 3, "behind"))
    async with spine.publisher() as database, database.transaction(ALL_SITES) as tx:
        assert await set_aside.send_again(tx, "intake", str(ana), pass_over=True) == 1
    await spine.until("SELECT sequence FROM platform.dead_letters WHERE reason = 'gap'", 3)
    journal = await query(spine.publisher_url, "SELECT sequence FROM platform.journal ORDER BY 1")
    assert [row["sequence"] for row in journal] == [1, 2, 3]


async def test_an_event_at_the_limit_fits_and_one_byte_more_is_refused_with_nothing_written(
    spine: Spine,
):
    ana = uuid4()
    empty = len(Described(client_id=ana, site_id=SITE, text="").model_dump_json())
    size = outbox.LARGEST_EVENT_BYTES - empty
    await describe(spine, ana, size)
    with pytest.raises(EventTooLarge):  # noqa: PT012 - what the transaction wrote goes with it
        async with spine.publisher() as database, database.transaction(ALL_SITES) as tx:
            await tx.execute("INSERT INTO facts VALUES ($1, $1)", ana)
            publish(tx, Described(client_id=ana, site_id=SITE, text="x" * (size + 1)))
    assert await query(spine.publisher_url, "SELECT FROM facts") == []
    await spine.start("relay", "relay")
    await spine.start("consumer", "consumer")
    await spine.until_applied()
    assert await query(spine.publisher_url, SET_ASIDE) == []
