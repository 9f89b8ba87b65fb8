"""The whole service: events in over Kafka, messages out over SMTP, answers over HTTP."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaProducer

from shared.contracts.base import Event
from shared.messaging.envelope import headers_of
from tests.support.mailbox import Mailbox
from tests.support.notifications import CAUSE, DENVER_SITE, MONDAY_NOON, Client
from tests.support.system import System

DELIVERED = "SELECT count(*) FROM notifications WHERE state = 'delivered'"
FAILED = "SELECT count(*) FROM notifications WHERE failure = 'no_longer_timely'"
PLANNED = "SELECT count(*) FROM notifications WHERE state = 'planned'"


@pytest.fixture
async def mailbox(system: System) -> AsyncIterator[Mailbox]:
    """The service, running on Monday, 2026-06-01 12:00 in Denver, and where its mail goes."""
    system.set_clock(MONDAY_NOON)
    async with Mailbox().listening() as listening:
        system.smtp_port = listening.port
        await system.start("notifications")
        yield listening


async def tell(system: System, producer_name: str, *events: Event) -> None:
    """Send events as their publisher does; each client's stream is numbered from 1."""
    producer = AIOKafkaProducer(
        bootstrap_servers=system.stack.kafka.bootstrap_servers,
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="PLAIN",
        sasl_plain_username=producer_name,
        sasl_plain_password=system.stack.kafka_passwords[producer_name],
    )
    await producer.start()
    sequences: dict[str, int] = {}
    try:
        for event in events:
            sequences[event.key] = sequences.get(event.key, 0) + 1
            await producer.send_and_wait(
                f"{system.prefix}stepwell.{event.stream}",
                value=event.model_dump_json().encode(),
                key=event.key.encode(),
                headers=headers_of(
                    stream=event.stream,
                    key=event.key,
                    sequence=sequences[event.key],
                    event_id=str(uuid4()),
                    type=event.type_name(),
                    dataschema=event.schema_name(),
                    occurred_at=MONDAY_NOON,
                    traceparent=CAUSE,
                ),
            )
    finally:
        await producer.stop()


async def introduce(system: System, *clients: Client) -> None:
    """Clients say how they want to be reached, and agree to it."""
    await tell(system, "intake", *(client.details() for client in clients))
    await tell(system, "intake", *(client.agrees() for client in clients))


async def test_a_missed_session_becomes_a_message_that_staff_can_see_the_fate_of(
    system: System, mailbox: Mailbox
) -> None:
    ana = Client("ana")
    session = ana.expected(MONDAY_NOON + timedelta(days=2))
    await introduce(system, ana)
    await tell(system, "scheduling", session, ana.missed(MONDAY_NOON))
    await system.until("notifications", DELIVERED, is_=1)
    assert [m["To"] for m in mailbox.taken] == ["ana@example.test"]

    counselor = system.client("notifications", "counselor", [DENVER_SITE])
    first = (await counselor.get("/notifications", client_id=ana.id, limit=1)).json()
    second = (
        await counselor.get("/notifications", client_id=ana.id, limit=1, cursor=first["next"])
    ).json()
    assert second["next"] is None
    shown = {item["kind"]: item for item in first["items"] + second["items"]}
    reminder, outreach = shown["session_reminder"], shown["missed_session_outreach"]
    assert (reminder["state"], reminder["channel"]) == ("planned", None)
    assert reminder["due_at"] == reminder["next_attempt_at"] == "2026-06-02T18:00:00Z"
    assert (outreach["state"], outreach["channel"]) == ("delivered", "email")
    assert (await counselor.get(f"/notifications/{outreach['id']}")).json() == outreach
    assert not {"email", "phone", "body", "subject", "address"} & set(outreach)

    await system.until("notifications", "SELECT count(*) FROM platform.outbox", is_=0)
    assert await system.published("notifications") == [(str(ana.id), 1, "NotificationDelivered")]


async def test_a_moved_clock_sends_what_is_due_and_gives_up_what_comes_too_late(
    system: System, mailbox: Mailbox
) -> None:
    clients = [Client(name) for name in ("ana", "ben", "cleo")]
    await introduce(system, *clients)
    await tell(
        system,
        "scheduling",
        *(c.expected(MONDAY_NOON + timedelta(days=day)) for c in clients for day in (2, 4, 9)),
    )
    await system.until("notifications", PLANNED, is_=9)
    operations = system.client("notifications", "regional_operations")
    pending = (await operations.get("/operations/pending")).json()
    assert (pending["due"], pending["next_due_at"]) == (0, "2026-06-02T18:00:00Z")
    system.set_clock(MONDAY_NOON + timedelta(days=3))
    await system.until("notifications", DELIVERED, is_=3)
    await system.until("notifications", FAILED, is_=3)
    pending = (await operations.get("/operations/pending")).json()
    assert pending["waiting"] == {"sending": 0, "alerting": 0}
    assert pending["next_due_at"] == "2026-06-09T18:00:00Z"


async def test_messages_of_other_sites_do_not_exist_for_a_caller(
    system: System, mailbox: Mailbox
) -> None:
    ana = Client("ana")
    await introduce(system, ana)
    await tell(system, "scheduling", ana.missed(MONDAY_NOON))
    await system.until("notifications", DELIVERED, is_=1)
    elsewhere = system.client("notifications", "site_manager", [UUID(int=2)])
    assert (await elsewhere.get("/notifications")).json() == {"items": [], "next": None}
    ((message_id,),) = await system.fetch("notifications", "SELECT id FROM notifications")
    answer = await elsewhere.get(f"/notifications/{message_id}")
    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/not-found"


async def test_an_unknown_kind_or_state_is_refused(system: System, mailbox: Mailbox) -> None:
    auditor = system.client("notifications", "auditor")
    answer = await auditor.get("/notifications", kind="newsletter", state="lost")
    assert answer.status_code == 422
    assert {e["pointer"] for e in answer.json()["errors"]} == {"kind", "state"}
