"""What a subscriber and an operator can do when events were missed or could not be applied."""

import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from shared.contracts.outcomes import EngagementChanged
from shared.database import ALL_SITES, Database, Transaction
from shared.messaging.applier import Applier
from shared.messaging.consumer import Consumers, Received
from shared.messaging.envelope import Envelope, headers_of, open_envelope
from shared.messaging.handlers import Registry
from shared.messaging.retry import CannotSkip, NotStopped, _retry_in, repair, retry, skip
from shared.settings import SERVICES
from stepwell.runtime.keys import ROLES
from tests.support.outcomes import engaged
from tests.support.scheduling import Enrolled
from tests.support.subscriber import Subscriber, publish_referrals
from tests.support.system import System

SITE = UUID(int=1)


async def test_missing_events_are_fetched_from_the_publishers_journal(
    system: System, subscriber: Subscriber
):
    await system.start("intake", roles=["api"])
    client = uuid4()
    events = await publish_referrals(system, client, 6)
    await subscriber.applier.apply([events[0], events[5]])
    assert subscriber.seen == [(str(client), n) for n in range(1, 7)]


async def test_a_key_is_held_while_the_publisher_is_away_and_goes_on_later(
    system: System, subscriber: Subscriber
):
    client, other = uuid4(), uuid4()
    events = await publish_referrals(system, client, 4)
    others = await publish_referrals(system, other, 1)
    await subscriber.applier.apply([events[0], events[3], *others])
    assert subscriber.seen == [(str(client), 1), (str(other), 1)]
    letters = await system.fetch("outcomes", "SELECT sequence, reason FROM platform.dead_letters")
    assert [tuple(r) for r in letters] == [(4, "gap")]
    await system.start("intake", roles=["api"])
    assert await retry(subscriber.applier, "intake", str(client), by="a test") == (1, 0)
    assert [s for k, s in subscriber.seen if k == str(client)] == [1, 2, 3, 4]


async def test_the_lag_counts_events_and_is_unknown_while_a_publisher_is_away(
    system: System, subscriber: Subscriber
):
    await system.start("outcomes", roles=["api"])
    client = uuid4()
    events = await publish_referrals(system, client, 5)
    await subscriber.applier.apply(events[:3])
    operator = system.client("outcomes", "operator")

    async def lags() -> dict[str, tuple[int | None, int, int | None]]:
        told = (await operator.get("/operations/flow")).json()["lags"]
        return {one["stream"]: (one["published"], one["applied"], one["lag"]) for one in told}

    told = await lags()
    assert told["intake"] == (None, 3, None)
    assert "engagement" not in told
    await system.start("intake", roles=["api"])
    told = await lags()
    assert told["intake"] == (5, 3, 2)
    assert told["scheduling"] == (None, 0, None)
    await subscriber.applier.apply(events[3:])
    assert (await lags())["intake"] == (5, 5, 0)


async def test_a_failed_key_is_retried_in_order(system: System, subscriber: Subscriber):
    client = uuid4()
    events = await publish_referrals(system, client, 4)
    subscriber.broken = {2}
    await subscriber.applier.apply(events)
    subscriber.seen.clear()
    assert await retry(subscriber.applier, "intake", str(client), by="a test") == (0, 3)
    subscriber.broken = {4}
    assert await retry(subscriber.applier, "intake", str(client), by="a test") == (2, 1)
    subscriber.broken = set()
    assert await retry(subscriber.applier, "intake", str(client), by="a test") == (1, 0)
    assert [s for _, s in subscriber.seen] == [2, 3, 4]


async def test_an_operator_can_tell_the_consumer_to_go_on(system: System, subscriber: Subscriber):
    client = uuid4()
    events = await publish_referrals(system, client, 4)
    subscriber.broken = {2}
    await subscriber.applier.apply(events)
    async with subscriber.database.transaction(ALL_SITES) as tx:
        with pytest.raises(CannotSkip):
            await skip(tx, "outcomes", "intake", str(client), up_to=5, by="a test")
        assert await skip(tx, "outcomes", "intake", str(client), up_to=2, by="a test") == 1
    assert await retry(subscriber.applier, "intake", str(client), by="a test") == (2, 0)
    assert [s for _, s in subscriber.seen][-2:] == [3, 4]
    with pytest.raises(NotStopped):
        async with subscriber.database.transaction(ALL_SITES) as tx:
            await skip(tx, "outcomes", "intake", str(client), up_to=5, by="a test")


async def test_a_record_read_twice_is_applied_once(system: System, subscriber: Subscriber):
    events = await publish_referrals(system, uuid4(), 3)
    await subscriber.applier.apply(events)
    outcome = await subscriber.applier.apply(events)
    assert (len(subscriber.seen), outcome.skipped) == (3, 3)


async def test_the_journal_feed_is_for_services_and_subscribers(system: System):
    await system.start("intake", roles=["api"])
    refused = await system.client("intake", "counselor").get("/events", topic="intake", key="k")
    assert refused.status_code == 403
    wrong = await system.client("intake", "service", subject="outcomes").get(
        "/events", topic="outcomes", key="k"
    )
    assert (wrong.status_code, wrong.json()["type"]) == (404, "/problems/no-such-stream")


async def test_the_journal_feed_is_for_services_at_all_sites(system: System):
    await system.start("intake", roles=["api"])
    somewhere = system.client("intake", "service", [SITE], subject="outcomes")
    refused = await somewhere.get("/events", topic="intake", key="k")
    assert refused.status_code == 403
    operator = system.client("intake", "operator", [SITE])
    for path in ("/operations/pending", "/operations/flow", "/operations/dead-letters"):
        assert (await operator.get(path)).status_code == 403


async def test_only_notifications_gets_contact_details_from_the_journal(system: System):
    await system.start("intake", roles=["api"])
    answers = {
        service: (
            await system.client("intake", "service", subject=service).get(
                "/events", topic="contacts", key="k"
            )
        ).status_code
        for service in SERVICES
    }
    assert answers == {"intake": 403, "scheduling": 403, "notifications": 200, "outcomes": 403}


@pytest.mark.parametrize("role", [role for role in ROLES if role != "operator"])
async def test_only_an_operator_skips_retries_or_republishes(system: System, role: str):
    await system.start("scheduling", roles=["api"])
    client = system.client("scheduling", role, subject="outcomes")
    key = {"stream": "intake", "key": "k"}
    for answer in (
        await client.post("/operations/dead-letters/skip", key | {"up_to_sequence": 1}),
        await client.post("/operations/dead-letters/retry", key),
        await client.http.post("/operations/republish", params={"stream": "scheduling"}),
    ):
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/forbidden")


async def test_a_subscriber_reads_the_journal_of_the_topics_that_its_token_names(system: System):
    await system.start("intake", roles=["api"])
    allowed = system.client("intake", "subscriber", subject="reporting", topics=["intake"])
    client = uuid4()
    await publish_referrals(system, client, 2)
    told = await allowed.get("/events", topic="intake", key=str(client))
    assert [event["sequence"] for event in told.json()["items"]] == [1, 2]
    for other in (
        system.client("intake", "subscriber", subject="reporting", topics=["scheduling"]),
        system.client("intake", "subscriber", subject="reporting"),
        system.client("intake", "service", subject="reporting"),
    ):
        refused = await other.get("/events", topic="intake", key=str(client))
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/forbidden")


async def test_no_subscriber_reads_contact_details_whatever_its_token_says(system: System):
    await system.start("intake", roles=["api"])
    for subject in ("reporting", "notifications"):
        client = system.client("intake", "subscriber", subject=subject, topics=["contacts"])
        assert (await client.get("/events", topic="contacts", key="k")).status_code == 403


async def test_a_lost_topic_is_refilled_from_the_journal(system: System, subscriber: Subscriber):
    client = uuid4()
    await publish_referrals(system, client, 5)
    await system.execute_as_owner("intake", "TRUNCATE platform.outbox")
    await system.start("intake")
    service = system.client("intake", "operator")
    answer: httpx.Response = await service.http.post(
        "/operations/republish", params={"stream": "intake"}
    )
    assert answer.json()["queued"] == 5
    await system.until("intake", "SELECT count(*) = 0 FROM platform.outbox")
    end = await service.http.post(
        "/operations/republish", params={"stream": "intake", "cursor": answer.json()["next"]}
    )
    assert end.json() == {"queued": 0, "next": None}


async def test_only_notifications_may_read_contact_details(system: System):
    topic = f"{system.prefix}stepwell.contacts"
    producer = AIOKafkaProducer(**system.settings("intake").kafka_client)
    await producer.start()
    await producer.send_and_wait(topic, b"{}", key=b"k", partition=0)
    await producer.stop()
    readers = {service: await reads(system, service, topic) for service in SERVICES}
    assert readers == {
        "intake": False,
        "scheduling": False,
        "notifications": True,
        "outcomes": False,
    }


async def reads(system: System, service: str, topic: str) -> bool:
    """Whether a service gets the first record of a topic."""
    consumer = AIOKafkaConsumer(
        topic, **system.settings(service).kafka_client, auto_offset_reset="earliest"
    )
    try:
        await consumer.start()
        return bool(await consumer.getmany(timeout_ms=2_000))
    except TopicAuthorizationFailedError:
        return False
    finally:
        await consumer.stop()


async def test_no_service_writes_the_stream_of_another(system: System):
    producer = AIOKafkaProducer(**system.settings("outcomes").kafka_client)
    await producer.start()
    try:
        with pytest.raises(KafkaError):
            await producer.send_and_wait(f"{system.prefix}stepwell.intake", b"{}", key=b"k")
    finally:
        await producer.stop()


async def test_a_hole_in_the_journal_holds_its_key_and_nobody_else(
    system: System, subscriber: Subscriber
):
    await system.start("intake", roles=["api"])
    client, other = uuid4(), uuid4()
    events = await publish_referrals(system, client, 4)
    others = await publish_referrals(system, other, 1)
    await system.execute_as_owner(
        "intake", f"DELETE FROM platform.journal WHERE key = '{client}' AND sequence <= 2"
    )
    async with asyncio.timeout(10):
        await subscriber.applier.apply([events[2], *others])
    assert subscriber.seen == [(str(other), 1)]
    letters = await system.fetch("outcomes", "SELECT sequence, reason FROM platform.dead_letters")
    assert [tuple(r) for r in letters] == [(3, "gap")]


async def test_an_answer_that_is_no_feed_holds_its_key_and_nobody_else(
    system: System, subscriber: Subscriber
):
    page = httpx.MockTransport(lambda _: httpx.Response(200, text="<html>signed out</html>"))
    subscriber.feed._http = httpx.AsyncClient(transport=page)
    subscriber.feed._token._token, subscriber.feed._token._until = "known", float("inf")
    client, other = uuid4(), uuid4()
    events = await publish_referrals(system, client, 2)
    others = await publish_referrals(system, other, 1)
    await subscriber.applier.apply([events[1], *others])
    assert subscriber.seen == [(str(other), 1)]


async def test_an_event_that_came_while_its_key_was_retried_is_applied_by_repair(
    system: System, subscriber: Subscriber
):
    client = uuid4()
    events = await publish_referrals(system, client, 3)
    subscriber.broken = {1}
    await subscriber.applier.apply([events[0]])
    subscriber.broken = set()
    async with subscriber.database.transaction(ALL_SITES) as tx:
        await _retry_in(tx, subscriber.applier, "intake", str(client), "a test", [], set())
        await subscriber.applier.apply([events[1]])
    repairing = asyncio.create_task(repair(subscriber.applier))
    await system.until(
        "outcomes", "SELECT count(*) FROM platform.dead_letters WHERE resolution IS NULL", is_=0
    )
    await subscriber.applier.apply([events[2]])
    repairing.cancel()
    assert [s for _, s in subscriber.seen] == [1, 2, 3]


async def test_a_fetched_event_that_fails_is_a_dead_letter_with_its_reason(
    system: System, subscriber: Subscriber
):
    client = uuid4()
    events = await publish_referrals(system, client, 4)
    await subscriber.applier.apply([events[0], events[3]])
    await system.start("intake", roles=["api"])
    subscriber.broken = {2}
    assert await retry(subscriber.applier, "intake", str(client), by="a test") == (0, 1)
    letters = await system.fetch(
        "outcomes", "SELECT sequence, reason FROM platform.dead_letters ORDER BY sequence"
    )
    assert [tuple(r) for r in letters] == [(2, "handler_failed"), (3, "behind"), (4, "behind")]
    subscriber.broken = set()
    assert await retry(subscriber.applier, "intake", str(client), by="a test") == (3, 0)
    assert [s for _, s in subscriber.seen] == [1, 2, 3, 4]


async def test_a_newer_major_version_beside_the_old_one_holds_nobody(
    system: System, subscriber: Subscriber
):
    events = await publish_referrals(system, uuid4(), 3)
    events[1] = replace(events[1], type=events[1].type.replace(".v1", ".v2"))
    outcome = await subscriber.applier.apply(events)
    assert ([s for _, s in subscriber.seen], outcome.letters) == ([1, 3], [])


async def test_a_database_without_room_for_one_more_silences_nobody_for_long(
    system: System, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
):
    database, connect = subscriber.database, subscriber.database.connect
    refused, woken = asyncio.Event(), asyncio.Event()

    async def full(**_: str) -> object:
        refused.set()
        raise asyncpg.TooManyConnectionsError("sorry, too many clients already")

    other = Database(database.url)
    await other.open()
    with other.listening(woken.set):
        await woken.wait()  # it listens now
        woken.clear()
        monkeypatch.setattr(database, "connect", full)
        async with database.transaction(ALL_SITES) as tx:
            tx.wake()
        await asyncio.wait_for(refused.wait(), 5)
        monkeypatch.setattr(database, "connect", connect)
        async with asyncio.timeout(10):
            while not woken.is_set():
                async with database.transaction(ALL_SITES) as tx:
                    tx.wake()
                await asyncio.sleep(0.1)
    await other.close()


async def test_of_records_without_a_number_those_that_fail_again_stay_dead_letters(
    system: System, subscriber: Subscriber
):
    handled: list[int] = []
    broken = {1, 2}
    consumers = Consumers()

    @consumers.on(EngagementChanged)
    async def see(tx: Transaction, received: Received[EngagementChanged]) -> None:
        if received.event.source_sequence in broken:
            raise ValueError("cannot be handled yet")
        handled.append(received.event.source_sequence)

    applier = Applier(subscriber.database, Registry("outcomes", [consumers]), subscriber.feed)
    ana = Enrolled("ana", SITE)
    figures = [engaged(ana).model_copy(update={"source_sequence": n}) for n in (1, 2)]
    await applier.apply([derived(one, offset=n) for n, one in enumerate(figures)])
    assert await retry(applier, "engagement", str(ana.id), by="a test") == (0, 2)
    broken.clear()
    assert await retry(applier, "engagement", str(ana.id), by="a test") == (2, 0)
    assert handled == [1, 2]


def derived(event: EngagementChanged, *, offset: int) -> Envelope:
    """The event as it is read from its topic."""
    headers = headers_of(
        stream=event.stream,
        key=event.key,
        sequence=None,
        event_id=f"e-{offset}",
        type=event.type_name(),
        dataschema=event.schema_name(),
        occurred_at=event.window_until,
        traceparent=None,
    )
    value = event.model_dump_json().encode()
    return open_envelope(
        event.stream, event.key.encode(), value, headers, partition=0, offset=offset
    )
