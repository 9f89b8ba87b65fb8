"""A system that is none of the four services: what it may read, here and at the issuer."""

import asyncio
from pathlib import Path

import aiokafka
import httpx
import pytest
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    TopicAuthorizationFailedError,
)
from joserfc import jwt
from joserfc.jwk import KeySet

from stepwell.runtime.disposable import Stack
from stepwell.runtime.problem import WRONG_USE, Problem
from stepwell.runtime.subscribers import OPEN, Subscriber, Subscribers, admit, checked, expel
from tests.runtime.test_sinks import make


@pytest.fixture
async def prefix(stack: Stack) -> str:
    return await stack.topics()


async def test_a_subscriber_reads_its_topics_in_its_own_group_and_nothing_else(
    stack: Stack, prefix: str
) -> None:
    reporting = checked("reporting", ["stepwell.scheduling", "outcomes"])
    await asyncio.to_thread(admit, stack.broker, prefix, "reporting", reporting)
    may = {
        (topic, group): await can_read(stack, "reporting", reporting, prefix, topic, group)
        for topic, group in (
            ("scheduling", "reporting"),
            ("outcomes", "reporting.nightly"),
            ("intake", "reporting"),
            ("contacts", "reporting"),
            ("scheduling", "reporting-2"),
            ("scheduling", "outcomes"),
        )
    }
    assert [pair for pair, read in may.items() if read] == [
        ("scheduling", "reporting"),
        ("outcomes", "reporting.nightly"),
    ]


async def test_a_subscriber_writes_nowhere(stack: Stack, prefix: str) -> None:
    name = "writes-nowhere"
    one = checked(name, ["scheduling"])
    await asyncio.to_thread(admit, stack.broker, prefix, name, one)
    producer = aiokafka.AIOKafkaProducer(**client(stack, name, one), enable_idempotence=False)
    await producer.start()
    try:
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(f"{prefix}stepwell.scheduling", b"{}", key=b"k")
    finally:
        await producer.stop()


async def test_who_is_added_again_has_only_the_new_password_and_the_new_topics(
    stack: Stack, prefix: str
) -> None:
    name = "added-again"
    first, second = checked(name, ["intake"]), checked(name, ["scheduling"])
    await asyncio.to_thread(admit, stack.broker, prefix, name, first)
    await asyncio.to_thread(admit, stack.broker, prefix, name, second)
    assert not await can_read(stack, name, first, prefix, "intake", name)
    assert not await can_read(stack, name, second, prefix, "intake", name)
    assert await can_read(stack, name, second, prefix, "scheduling", name)


async def test_who_is_removed_reads_nothing_any_more(stack: Stack, prefix: str) -> None:
    name = "removed"
    one = checked(name, ["intake"])
    await asyncio.to_thread(admit, stack.broker, prefix, name, one)
    assert await can_read(stack, name, one, prefix, "intake", name)
    await asyncio.to_thread(expel, stack.broker, prefix, name)
    assert not await can_read(stack, name, one, prefix, "intake", name)


@pytest.mark.parametrize(
    ("name", "topics", "wrong"),
    [
        ("intake", ["scheduling"], "intake is no name"),
        ("outcomes-copy", ["scheduling"], "outcomes-copy is no name"),
        ("platform", ["scheduling"], "platform is no name"),
        ("a b", ["scheduling"], "a b is no name"),
        ("r\u00e9porting", ["scheduling"], "is no name"),
        ("reporting", ["contacts"], "contacts is not open"),
        ("reporting", ["engagement-windows-changelog"], "is not open"),
        ("reporting", ["invented"], "invented is not open"),
        ("reporting", [], "no topic is not open"),
    ],
)
def test_what_is_no_subscriber_is_refused_in_one_line(
    name: str, topics: list[str], wrong: str
) -> None:
    with pytest.raises(Problem, match=wrong) as refused:
        checked(name, topics)
    assert refused.value.exit_code == WRONG_USE
    assert "\n" not in str(refused.value)


def test_topics_of_which_not_every_service_may_read_are_open_to_nobody_else() -> None:
    assert set(OPEN) == {"intake", "scheduling", "notifications", "outcomes", "engagement"}


def test_the_local_issuer_knows_a_subscriber_at_once_and_forgets_it_at_once(
    tmp_path: Path,
) -> None:
    sinks = make(tmp_path)
    kept = Subscribers(tmp_path / "subscribers.json")
    sinks.start()
    try:
        url = sinks.issuer.url
        login = {
            "grant_type": "client_credentials",
            "client_id": "reporting",
            "client_secret": "its secret",
        }
        assert httpx.post(f"{url}/token", data=login).status_code == 401
        kept.keep({"reporting": Subscriber(["scheduling"], "its secret")})
        answer = httpx.post(f"{url}/token", data=login)
        keys = KeySet.import_key_set(httpx.get(f"{url}/jwks.json").json())
        claims = jwt.decode(answer.json()["access_token"], keys, algorithms=["ES256"]).claims
        assert (claims["sub"], claims["role"]) == ("reporting", ["subscriber"])
        assert claims["topics"] == ["scheduling"]
        wrong = login | {"client_secret": "another"}
        assert httpx.post(f"{url}/token", data=wrong).status_code == 401
        kept.keep({})
        assert httpx.post(f"{url}/token", data=login).status_code == 401
    finally:
        sinks.stop()


def client(stack: Stack, name: str, subscriber: Subscriber) -> dict[str, object]:
    return {
        "bootstrap_servers": stack.kafka.bootstrap_servers,
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": name,
        "sasl_plain_password": subscriber.secret,
        "request_timeout_ms": 3000,
    }


async def can_read(
    stack: Stack, name: str, subscriber: Subscriber, prefix: str, topic: str, group: str
) -> bool:
    consumer = aiokafka.AIOKafkaConsumer(
        f"{prefix}stepwell.{topic}",
        group_id=f"{prefix}{group}",
        **client(stack, name, subscriber),
    )
    try:
        await asyncio.wait_for(consumer.start(), 10)
        await asyncio.wait_for(consumer.getmany(timeout_ms=200), 10)
    except (TopicAuthorizationFailedError, GroupAuthorizationFailedError, KafkaConnectionError):
        return False  # the last one: not let in at all
    else:
        return bool(consumer.assignment())
    finally:
        await consumer.stop()
