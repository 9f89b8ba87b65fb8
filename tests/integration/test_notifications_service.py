"""The whole service: events in over Kafka, messages out over SMTP, answers over HTTP."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaProducer

from services.notifications.rulebook.policy import rulebook
from shared.contracts.base import Event
from shared.messaging.envelope import headers_of
from tests.support.data import read_anew
from tests.support.mailbox import Mailbox
from tests.support.notifications import CAUSE, DENVER_SITE, MONDAY_NOON, TOLD_ONCE, Client
from tests.support.system import System

DELIVERED = "SELECT count(*) FROM notifications WHERE state = 'delivered'"
FAILED = "SELECT count(*) FROM notifications WHERE failure = 'no_longer_timely'"
PLANNED = "SELECT count(*) FROM notifications WHERE state = 'planned'"


@pytest.fixture
async def mailbox(system: System, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Mailbox]:
    """The service of an organization that tells each thing once, running on Monday, 2026-06-01
    12:00 in Denver, and where its mail goes."""
    read_anew(monkeypatch, rulebook, folder=TOLD_ONCE)
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


async def test_the_messages_of_a_sites_day_are_listed_and_counted(
    system: System, mailbox: Mailbox
) -> None:
    clients = [Client(name) for name in ("ana", "ben", "cleo")]
    far = Client("far", site_id=UUID(int=2))
    await introduce(system, *clients, far)
    tonight = MONDAY_NOON + timedelta(hours=8)
    await tell(
        system,
        "scheduling",
        *(client.expected(tonight + timedelta(days=1)) for client in (*clients, far)),
        *(client.expected(MONDAY_NOON + timedelta(days=2)) for client in clients),
    )
    await system.until("notifications", PLANNED, is_=7)
    manager = system.client("notifications", "site_manager", [DENVER_SITE])
    monday = {"site_id": str(DENVER_SITE), "due_on": "2026-06-01"}
    listed = (await manager.get("/notifications", **monday)).json()["items"]
    assert {one["client_id"] for one in listed} == {str(client.id) for client in clients}
    assert {one["due_at"] for one in listed} == {"2026-06-02T02:00:00Z"}, "Monday in Denver still"
    assert {one["due_on"] for one in listed} == {"2026-06-01"}
    assert (await manager.get("/notifications", **monday, state="delivered")).json()["items"] == []
    counted = (await manager.get("/notification-counts", **monday)).json()
    assert counted == {
        **monday,
        "total": 3,
        "counts": [{"kind": "session_reminder", "state": "planned", "count": 3}],
    }
    page = (await manager.get("/notifications", **monday, limit=2)).json()
    rest = (await manager.get("/notifications", **monday, limit=2, cursor=page["next"])).json()
    assert [*page["items"], *rest["items"]] == listed
    elsewhere = {**monday, "site_id": str(far.site_id)}
    assert (await manager.get("/notifications", **elsewhere)).json()["items"] == []
    assert (await manager.get("/notification-counts", **elsewhere)).json()["total"] == 0


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"due_on": "2026-06-01"}, "site_id"),
        ({"site_id": str(DENVER_SITE), "due_on": "1780300800"}, "due_on"),
        ({"site_id": str(DENVER_SITE), "due_on": "2026-02-30"}, "due_on"),
    ],
)
async def test_a_day_is_a_date_at_a_site(
    system: System, mailbox: Mailbox, given: dict[str, str], pointer: str
) -> None:
    answer = await system.client("notifications", "auditor").get("/notifications", **given)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_each_filter_of_the_list_of_messages_has_an_index(
    system: System, mailbox: Mailbox
) -> None:
    rows = await system.fetch(
        "notifications", "SELECT indexdef FROM pg_indexes WHERE tablename = 'notifications'"
    )
    indexed = {row["indexdef"].partition("USING btree ")[2] for row in rows}
    assert indexed >= {
        "(site_id, id)",
        "(client_id, id)",
        "(session_id, id)",
        "(site_id, due_on, id)",
        "(kind, id)",
        "(state, id)",
    }
