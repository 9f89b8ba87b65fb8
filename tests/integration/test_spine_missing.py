"""Many keys with missing events at once, and failures that pass or stay."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from uuid import uuid4

import httpx
import pytest

from shared.contracts.intake import ReferralReceived
from shared.database import Database, Overtaken, Transaction
from shared.messaging import retry
from shared.messaging.applier import FETCHES, Applier
from shared.messaging.consumer import Consumer, Consumers, Received
from shared.messaging.envelope import Envelope
from shared.messaging.handlers import Registry
from tests.support.subscriber import Subscriber, publish_referrals
from tests.support.system import System

KEYS = 40
Answer = Callable[[httpx.Request], Awaitable[httpx.Response]]


async def seconds_of_streams(system: System, count: int) -> list[Envelope]:
    """Of each of `count` clients the second event only."""
    return [(await publish_referrals(system, uuid4(), 2))[1] for _ in range(count)]


def answering(subscriber: Subscriber, answer: Answer) -> None:
    subscriber.feed._http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    subscriber.feed._token._token, subscriber.feed._token._until = "known", float("inf")


async def reasons(system: System) -> set[tuple[str, int]]:
    rows = await system.fetch(
        "outcomes", "SELECT reason, count(*) FROM platform.dead_letters GROUP BY reason"
    )
    return {(row["reason"], row["count"]) for row in rows}


async def test_a_publisher_that_is_away_is_asked_once_and_not_for_each_key(
    system: System, subscriber: Subscriber
):
    events = await seconds_of_streams(system, KEYS)
    asked = 0

    async def silent(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        raise httpx.ReadTimeout("no answer", request=request)

    answering(subscriber, silent)
    await subscriber.applier.apply(events)
    assert asked <= FETCHES
    assert await reasons(system) == {("gap", KEYS)}


@pytest.mark.parametrize("status", [401, 403, 500, 503])
async def test_a_publisher_that_refuses_is_not_asked_for_each_key(
    system: System, subscriber: Subscriber, status: int
):
    events = await seconds_of_streams(system, 3 * FETCHES)
    asked = 0

    async def refusing(_: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        return httpx.Response(status)

    answering(subscriber, refusing)
    await subscriber.applier.apply(events)
    assert asked <= FETCHES
    assert await reasons(system) == {("gap", 3 * FETCHES)}


async def test_missing_events_of_several_clients_are_fetched_side_by_side_and_bounded(
    system: System, subscriber: Subscriber
):
    events = await seconds_of_streams(system, 3 * FETCHES)
    at_once, most, full = 0, 0, asyncio.Event()

    async def together(request: httpx.Request) -> httpx.Response:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        if at_once == FETCHES:
            full.set()
        await full.wait()
        at_once -= 1
        return httpx.Response(200, json={"items": [], "next": None})

    answering(subscriber, together)
    async with asyncio.timeout(10):
        await subscriber.applier.apply(events)
    assert most == FETCHES


async def test_an_answer_that_is_no_feed_ends_the_fetching_for_its_client_only(
    system: System, subscriber: Subscriber
):
    events = await seconds_of_streams(system, 3 * FETCHES)
    asked = 0

    async def page(_: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        return httpx.Response(200, text="<html>signed out</html>")

    answering(subscriber, page)
    await subscriber.applier.apply(events)
    assert asked == 3 * FETCHES


async def test_a_round_of_repair_asks_a_publisher_that_is_away_once(
    system: System, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
):
    events = await seconds_of_streams(system, 5)
    asked: list[str] = []

    async def away(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params["key"])
        raise httpx.ConnectTimeout("no answer", request=request)

    answering(subscriber, away)
    await subscriber.applier.apply(events)
    asked.clear()
    rounds = 0

    async def first_round_only(_: float) -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 2:
            raise asyncio.CancelledError

    monkeypatch.setattr(retry, "asyncio", SimpleNamespace(sleep=first_round_only))
    with pytest.raises(asyncio.CancelledError):
        await retry.repair(subscriber.applier)
    assert len(asked) == 1


def failing(database: Database, subscriber: Subscriber, error: Exception, times: int) -> Applier:
    """An applier whose handler fails some times, and then writes."""
    left = times
    consumers = Consumers()

    @consumers.on(ReferralReceived)
    async def see(tx: Transaction, received: Received[ReferralReceived]) -> None:
        nonlocal left
        if left:
            left -= 1
            raise error
        subscriber.seen.append((received.key, received.sequence or 0))

    return Applier(database, Registry("outcomes", [consumers]), subscriber.feed)


async def test_an_event_whose_command_was_overtaken_is_applied_and_no_dead_letter(
    system: System, subscriber: Subscriber
):
    (event,) = await publish_referrals(system, uuid4(), 1)
    applier = failing(subscriber.database, subscriber, Overtaken(), 2)
    await take(applier, system, event)
    assert (len(subscriber.seen), await reasons(system)) == (1, set())


async def test_a_value_that_cannot_be_sent_to_the_database_is_a_dead_letter_and_not_tried_for_ever(
    system: System, subscriber: Subscriber
):
    events = await publish_referrals(system, uuid4(), 2)
    consumers = Consumers()

    @consumers.on(ReferralReceived)
    async def too_large(tx: Transaction, received: Received[ReferralReceived]) -> None:
        await tx.fetchval("SELECT $1::integer", 2**40)

    applier = Applier(subscriber.database, Registry("outcomes", [consumers]), subscriber.feed)
    await take(applier, system, *events)
    assert await reasons(system) == {("handler_failed", 1), ("behind", 1)}


async def take(applier: Applier, system: System, *events: Envelope) -> None:
    """Let a consumer take records as it gets them from its broker."""
    consumer = Consumer(applier, system.settings("outcomes"))
    async with asyncio.timeout(10):
        await consumer.take(Record(consumer, event) for event in events)


class Record:
    """An event as aiokafka gives it."""

    def __init__(self, consumer: Consumer, event: Envelope) -> None:
        self.topic = f"{consumer._prefix}{event.stream}"
        self.key, self.value = event.key.encode(), event.payload
        self.headers = event.headers
        self.partition, self.offset = event.partition, event.offset
