"""What a service cannot do on the real servers: open another database, see contact details."""

import asyncio
from urllib.parse import urlsplit

import aiokafka
import asyncpg
import pytest
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
)

from stepwell.runtime.disposable import Stack
from stepwell.runtime.roles import owner
from stepwell.runtime.topics import create_topics


@pytest.fixture
async def prefix(stack: Stack) -> str:
    return await stack.topics()


async def test_no_role_opens_the_database_of_another_service(stack: Stack) -> None:
    await stack.database("scheduling")
    name = urlsplit(await stack.database("intake")).path.lstrip("/")
    for role in ("scheduling_app", "scheduling_owner"):
        for database in (name, "postgres", "template1"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await asyncpg.connect(stack.url(database, role))


async def test_an_application_role_has_no_power_over_tables_roles_or_row_security(
    stack: Stack,
) -> None:
    url = await stack.database("intake")
    database = urlsplit(url).path.lstrip("/")
    connection = await asyncpg.connect(url)
    try:
        row = await connection.fetchrow(
            "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles"
            " WHERE rolname = current_user"
        )
        assert not any(row)
        for statement in (
            "CREATE TABLE public.mine (id int)",
            "CREATE SCHEMA mine",
            "CREATE ROLE mine",
            "ALTER TABLE platform.outbox DISABLE ROW LEVEL SECURITY",
            "SET ROLE intake_owner",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()
    as_owner = await asyncpg.connect(stack.url(database, owner("intake")))
    assert not await as_owner.fetchval(
        "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    )
    await as_owner.close()


async def test_only_notifications_reads_contact_details(stack: Stack, prefix: str) -> None:
    topic = f"{prefix}stepwell.contacts"
    assert await can_read(stack, "notifications", topic, f"{prefix}notifications")
    for service in ("intake", "scheduling", "outcomes"):
        assert not await can_read(stack, service, topic, f"{prefix}{service}")


async def test_a_service_cannot_join_the_group_of_another(stack: Stack, prefix: str) -> None:
    topic = f"{prefix}stepwell.intake"
    assert await can_read(stack, "scheduling", topic, f"{prefix}scheduling-placement")
    assert not await can_read(stack, "scheduling", topic, f"{prefix}outcomes")


async def test_a_topic_takes_events_of_its_service_only(stack: Stack, prefix: str) -> None:
    topic = f"{prefix}stepwell.scheduling"
    await send(stack, "scheduling", topic)
    with pytest.raises(TopicAuthorizationFailedError):
        await send(stack, "outcomes", topic)


async def test_creating_topics_again_changes_nothing(stack: Stack, prefix: str) -> None:
    assert await asyncio.to_thread(create_topics, stack.broker, prefix) == 0


async def test_topics_that_nobody_declared_do_not_come_to_be(stack: Stack, prefix: str) -> None:
    with pytest.raises(aiokafka.errors.KafkaError):
        await send(stack, "platform", f"{prefix}stepwell.invented")


def client(stack: Stack, user: str) -> dict[str, object]:
    return {
        "bootstrap_servers": stack.kafka.bootstrap_servers,
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "PLAIN",
        "sasl_plain_username": user,
        "sasl_plain_password": stack.kafka_passwords[user],
        "request_timeout_ms": 3000,
    }


async def send(stack: Stack, user: str, topic: str) -> None:
    producer = aiokafka.AIOKafkaProducer(**client(stack, user), enable_idempotence=True)
    await producer.start()
    try:
        await producer.send_and_wait(topic, b"{}", key=b"k")
    finally:
        await producer.stop()


async def can_read(stack: Stack, user: str, topic: str, group: str) -> bool:
    consumer = aiokafka.AIOKafkaConsumer(topic, group_id=group, **client(stack, user))
    try:
        await asyncio.wait_for(consumer.start(), 10)
        await asyncio.wait_for(consumer.getmany(timeout_ms=200), 10)
    except (TopicAuthorizationFailedError, GroupAuthorizationFailedError):
        return False
    else:
        return bool(consumer.assignment())
    finally:
        await consumer.stop()
