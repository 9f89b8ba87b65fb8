"""What the channels do to a message, and what a message survives."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from structlog.testing import capture_logs

from services.notifications.delivery import metrics
from services.notifications.delivery.channels import email
from services.notifications.delivery.channels.base import Message
from services.notifications.delivery.channels.email import SenderRevealing
from services.notifications.delivery.channels.log import LogChannel
from services.notifications.delivery.due import Due
from services.notifications.delivery.jobs import messages
from services.notifications.delivery.queries import show_notification
from services.notifications.delivery.queue import Queue
from shared.contracts.notifications import NotificationDelivered, NotificationFailed
from shared.database import ALL_SITES
from shared.errors import NotFound
from tests.support.notifications import DENVER_SITE, MONDAY_NOON, Client, Desk

MINUTE = timedelta(minutes=1)


@pytest.fixture
def ana() -> Client:
    return Client("ana")


async def reach_out(desk: Desk, *clients: Client) -> None:
    """Each client misses a session and is to hear from us now."""
    for client in clients:
        await desk.introduce(client.details())
        await desk.tell(client.missed(MONDAY_NOON))


async def test_a_recipient_the_server_refuses_for_good_is_given_up(desk: Desk, ana: Client) -> None:
    desk.mailbox.recipient_answers["ana@example.test"] = "550 no such mailbox"
    await reach_out(desk, ana)
    await desk.dispatch()
    shown = await desk.message()
    assert (shown.state, shown.failure) == ("failed", "refused_by_channel")
    ((event, _),) = await desk.published()
    assert isinstance(event, NotificationFailed)
    assert (event.reason, event.channel) == ("refused_by_channel", "email")
    assert await desk.next_due() is None


async def test_a_message_the_server_refuses_for_good_is_given_up(desk: Desk, ana: Client) -> None:
    desk.mailbox.message_answers = ["554 no thanks"]
    await reach_out(desk, ana)
    await desk.dispatch()
    assert (await desk.message()).failure == "refused_by_channel"


async def test_one_bad_address_keeps_nobody_else_waiting(desk: Desk) -> None:
    clients = [Client(name) for name in ("ana", "ben", "cleo", "dan", "eve")]
    desk.mailbox.recipient_answers["cleo@example.test"] = "550 no such mailbox"
    await reach_out(desk, *clients)
    await desk.dispatch()
    assert sorted(m["To"] for m in desk.mailbox.taken) == [
        f"{name}@example.test" for name in ("ana", "ben", "dan", "eve")
    ]
    assert len(await desk.messages(state="delivered")) == 4
    assert len(await desk.messages(state="failed")) == 1


async def test_a_server_that_is_busy_is_asked_again_after_growing_pauses(
    desk: Desk, ana: Client
) -> None:
    desk.mailbox.message_answers = ["451 later", "451 later", "451 later"]
    await reach_out(desk, ana)
    await desk.dispatch()
    shown = await desk.message()
    assert (shown.state, shown.attempts) == ("planned", 1)
    tried = [await desk.until_next_due() for _ in range(3)]
    assert [at - MONDAY_NOON for at in tried] == [1 * MINUTE, 6 * MINUTE, 21 * MINUTE]
    shown = await desk.message()
    assert (shown.state, shown.attempts) == ("delivered", 4)
    assert len(desk.mailbox.taken) == 1


async def test_a_server_that_shuts_down_has_refused_nobody(desk: Desk, ana: Client) -> None:
    desk.mailbox.recipient_answers["ana@example.test"] = "421 shutting down"
    await reach_out(desk, ana)
    await desk.dispatch()
    assert (await desk.message()).state == "planned"
    desk.mailbox.recipient_answers.clear()
    await desk.until_next_due()
    assert (await desk.message()).state == "delivered"
    assert len(desk.mailbox.taken) == 1


async def test_a_server_that_is_down_is_waited_for(desk: Desk) -> None:
    clients = [Client(f"client{n}") for n in range(9)]
    port = desk.settings.smtp_port
    (desk.settings.smtp_port,) = (1,)
    await reach_out(desk, *clients)
    assert await desk.dispatch() == 9
    assert len(await desk.messages(state="planned")) == 9
    desk.settings.smtp_port = port
    assert await desk.until_next_due() == MONDAY_NOON + MINUTE
    assert len(await desk.messages(state="delivered")) == 9


async def test_an_outage_never_makes_a_message_go_out_at_night(desk: Desk, ana: Client) -> None:
    desk.set_clock(MONDAY_NOON + timedelta(hours=8, minutes=59, seconds=30))
    desk.mailbox.message_answers = ["451 later"]
    await reach_out(desk, ana)
    await desk.dispatch()
    assert await desk.until_next_due() == MONDAY_NOON + timedelta(hours=20)


async def test_an_outage_that_outlasts_the_start_of_the_session_ends_the_reminder(
    desk: Desk, ana: Client
) -> None:
    await desk.introduce(ana.details())
    await desk.tell(ana.expected(MONDAY_NOON + timedelta(minutes=30)))
    desk.mailbox.message_answers = ["451 later"] * 9
    await desk.dispatch()
    while await desk.next_due() is not None:
        last = await desk.until_next_due()
    assert last == MONDAY_NOON + timedelta(minutes=30)
    assert (await desk.message()).failure == "no_longer_timely"
    assert desk.mailbox.taken == []


async def test_a_message_whose_fate_is_unknown_goes_out_again_under_the_same_id(
    desk: Desk, ana: Client
) -> None:
    desk.mailbox.message_answers = ["DROP"]
    await reach_out(desk, ana)
    await desk.dispatch()
    assert (await desk.message()).state == "planned"
    await desk.until_next_due()
    shown = await desk.message()
    assert shown.state == "delivered"
    assert desk.mailbox.ids == [f"<{shown.id}@example.test>"] * 2


async def test_a_sender_killed_between_the_servers_answer_and_its_commit_loses_nothing(
    desk: Desk, ana: Client
) -> None:
    await reach_out(desk, ana)
    sender = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.dispatching",
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
            "DISPATCH_SETTINGS": json.dumps(
                desk.settings.model_dump(mode="json"),
            ),
        },
    )
    desk.mailbox.on_taken = lambda: os.kill(sender.pid, signal.SIGKILL)
    async with asyncio.timeout(30):
        assert await sender.wait() == -signal.SIGKILL
    desk.mailbox.on_taken = None
    assert (await desk.message()).state == "sending"
    assert await desk.published() == []
    await desk.until_unlocked()
    assert await desk.dispatch() == 0
    assert await desk.sending() == 0, "nobody is at work"
    assert await desk.until_next_due() == MONDAY_NOON + MINUTE
    shown = await desk.message()
    assert (shown.state, shown.attempts) == ("delivered", 2)
    assert desk.mailbox.ids == [f"<{shown.id}@example.test>"] * 2
    assert [type(event) for event, _ in await desk.published()] == [NotificationDelivered]


async def test_two_workers_send_every_message_once(desk: Desk) -> None:
    clients = [Client(f"client{n}") for n in range(130)]
    await desk.introduce(*(client.details() for client in clients))
    await desk.tell(*(client.missed(MONDAY_NOON) for client in clients))
    await asyncio.gather(desk.dispatch(), desk.dispatch())
    while await desk.next_due() is not None:
        await desk.dispatch()
    assert len(desk.mailbox.ids) == len(set(desk.mailbox.ids)) == 130
    assert len(await desk.messages(state="delivered")) == 130
    assert len(await desk.published()) == 130


async def test_many_messages_share_a_few_connections(desk: Desk) -> None:
    clients = [Client(f"client{n}") for n in range(60)]
    await desk.introduce(*(client.details() for client in clients))
    await desk.tell(*(client.missed(MONDAY_NOON) for client in clients))
    await desk.dispatch()
    assert len(desk.mailbox.taken) == 60
    assert desk.mailbox.connections <= 4


async def test_a_client_without_an_address_gets_no_email(desk: Desk, ana: Client) -> None:
    await desk.introduce(ana.details(email=None))
    await desk.tell(ana.missed(MONDAY_NOON))
    await desk.dispatch()
    assert (await desk.message()).failure == "no_contact_details"
    ((event, _),) = await desk.published()
    assert isinstance(event, NotificationFailed)
    assert event.reason == "no_contact_details"


async def test_a_defect_of_a_channel_keeps_nobody_else_waiting(
    desk: Desk, ana: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(channel: LogChannel, message: Message) -> None:
        raise KeyError(message.address)

    monkeypatch.setattr(LogChannel, "send", fail)
    ben = Client("ben")
    await desk.introduce(ana.details(), ben.details(channel="log"))
    await desk.tell(ana.missed(MONDAY_NOON), ben.missed(MONDAY_NOON))
    counter = metrics.defects.labels("missed_session_outreach", "KeyError")
    before = counter._value.get()
    with capture_logs() as lines:
        await desk.dispatch()
    assert (await desk.message(client_id=ana.id)).state == "delivered"
    assert (await desk.message(client_id=ben.id)).state == "planned"
    assert [(line["log_level"], line["reason"]) for line in lines] == [
        ("error", "defect: KeyError")
    ]
    assert lines[0]["kind"] == "missed_session_outreach"
    assert counter._value.get() == before + 1


async def test_a_defect_around_one_message_is_seen_and_keeps_nobody_else_waiting(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = [Client(f"client{n}") for n in range(9)]
    await reach_out(desk, *clients)

    def span_but_for_one(due: Due, name: str) -> contextlib.AbstractContextManager[None]:
        if due.client_id == clients[4].id:
            raise LookupError(due.client_id)
        return contextlib.nullcontext()

    monkeypatch.setattr(Due, "span", span_but_for_one)
    counter = metrics.defects.labels("missed_session_outreach", "LookupError")
    before = counter._value.get()
    with capture_logs() as lines:
        await desk.dispatch()
    assert len(await desk.messages(state="delivered")) == 8
    assert (await desk.message(client_id=clients[4].id)).state == "sending", "its fate is unknown"
    assert [line["reason"] for line in lines] == ["defect: LookupError"]
    assert str(clients[4].id) not in str(lines)
    assert counter._value.get() == before + 1
    assert await desk.next_due() == MONDAY_NOON + MINUTE, "tried again after a pause"


async def test_a_database_that_is_lost_while_sending_ends_the_run_loudly(
    desk: Desk, ana: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await reach_out(desk, ana)

    async def lost(queue: object, tx: object, due: Due) -> Due:
        raise asyncpg.ConnectionDoesNotExistError("gone")

    monkeypatch.setattr(Queue, "again", lost)
    with pytest.raises(asyncpg.ConnectionDoesNotExistError):
        await desk.dispatch()
    assert (await desk.message()).state == "sending"
    assert desk.mailbox.taken == []


async def test_a_server_that_never_answers_holds_up_one_run_and_not_each_message(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(email, "TIMEOUT_SECONDS", 0.8)
    silent = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    desk.settings.smtp_port = silent.sockets[0].getsockname()[1]
    await reach_out(desk, *(Client(f"client{n}") for n in range(40)))
    async with silent, asyncio.timeout(5):
        await desk.dispatch()
    assert len(await desk.messages(state="planned")) == 40


async def test_a_miss_told_again_does_not_wait_for_the_message_on_its_way(
    desk: Desk, ana: Client
) -> None:
    await desk.introduce(ana.details())
    missed = ana.missed(MONDAY_NOON)
    await desk.tell(missed)
    async with desk.database.transaction(ALL_SITES) as sender:
        await messages.mark_due(sender)
    async with desk.database.transaction(ALL_SITES) as sender:
        await sender.fetch("SELECT id FROM notifications FOR UPDATE")
        async with asyncio.timeout(2):
            await desk.tell(missed)
            await desk.tell(ana.attended(missed))
            await desk.tell(missed)
    await desk.until_next_due()
    assert len(desk.mailbox.taken) == 1


@pytest.mark.parametrize(
    "address", ["ana@example.test, other@example.test", "ana", "<>", "@", "ana@@example.test"]
)
async def test_an_address_that_is_not_exactly_one_is_refused(
    desk: Desk, ana: Client, address: str
) -> None:
    await desk.introduce(ana.details(email=address))
    await desk.tell(ana.missed(MONDAY_NOON))
    await desk.dispatch()
    assert (await desk.message()).failure == "refused_by_channel"
    assert desk.mailbox.taken == []


async def test_a_name_in_an_address_is_not_sent_along(desk: Desk, ana: Client) -> None:
    await desk.introduce(ana.details(email="Ana Example <ana@example.test>"))
    await desk.tell(ana.missed(MONDAY_NOON))
    await desk.dispatch()
    assert [m["To"] for m in desk.mailbox.taken] == ["ana@example.test"]


async def test_an_address_that_would_add_a_header_is_refused(desk: Desk, ana: Client) -> None:
    await desk.introduce(ana.details(email="ana@example.test\r\nBcc: other@example.test"))
    await desk.tell(ana.missed(MONDAY_NOON))
    await desk.dispatch()
    assert (await desk.message()).failure == "refused_by_channel"
    assert desk.mailbox.taken == []


async def test_details_that_are_still_under_way_are_waited_for(desk: Desk, ana: Client) -> None:
    await desk.tell(ana.agrees())
    await desk.tell(ana.missed(MONDAY_NOON))
    await desk.dispatch()
    assert (await desk.message()).state == "planned"
    await desk.tell(ana.details())
    assert await desk.until_next_due() == MONDAY_NOON + MINUTE
    assert (await desk.message()).state == "delivered"


async def test_a_client_nobody_told_of_is_given_up_after_a_while(desk: Desk, ana: Client) -> None:
    await desk.tell(ana.missed(MONDAY_NOON))
    await desk.dispatch()
    while await desk.next_due() is not None:
        last = await desk.until_next_due()
    assert last == MONDAY_NOON + 10 * MINUTE
    shown = await desk.message()
    assert (shown.failure, shown.attempts) == ("no_contact_details", 0)


async def test_the_log_channel_tells_id_and_kind_and_nothing_else(desk: Desk, ana: Client) -> None:
    await desk.introduce(ana.details(channel="log", email="ana@example.test"))
    await desk.tell(ana.missed(MONDAY_NOON))
    with capture_logs() as lines:
        await desk.dispatch()
    shown = await desk.message()
    assert (shown.state, shown.channel) == ("delivered", "log")
    assert lines == [
        {
            "event": "message_logged",
            "log_level": "info",
            "notification_id": str(shown.id),
            "kind": "missed_session_outreach",
        }
    ]
    assert desk.mailbox.taken == []


async def test_what_is_logged_of_a_refusal_tells_no_address(desk: Desk, ana: Client) -> None:
    desk.mailbox.recipient_answers["ana@example.test"] = "550 <ana@example.test> unknown"
    await reach_out(desk, ana)
    with capture_logs() as lines:
        await desk.dispatch()
    assert "example.test" not in str(lines)


async def test_a_sender_that_reveals_treatment_sends_nothing(desk: Desk, ana: Client) -> None:
    desk.settings.smtp_from = "care@recovery.test"
    await reach_out(desk, ana)
    with pytest.raises(SenderRevealing):
        await desk.dispatch()
    assert (await desk.message()).state == "planned"


async def test_messages_of_other_sites_do_not_exist(desk: Desk, ana: Client) -> None:
    elsewhere = UUID(int=2)
    await reach_out(desk, ana, Client("ben", site_id=elsewhere))
    assert [m.client_id for m in await desk.messages(frozenset({DENVER_SITE}))] == [ana.id]
    (other,) = await desk.messages(frozenset({elsewhere}))
    async with desk.database.transaction(frozenset({DENVER_SITE})) as tx:
        with pytest.raises(NotFound):
            await show_notification(tx, other.id)
        assert await tx.fetch("SELECT * FROM contacts WHERE site_id = $1", elsewhere) == []


async def test_messages_are_found_by_client_session_kind_and_state(desk: Desk, ana: Client) -> None:
    session_id = uuid4()
    await reach_out(desk, Client("ben"))
    await desk.dispatch()
    await desk.introduce(ana.details())
    await desk.tell(ana.missed(MONDAY_NOON, session_id))
    await desk.tell(ana.expected(MONDAY_NOON + timedelta(days=3)))
    assert len(await desk.messages()) == 3
    assert len(await desk.messages(client_id=ana.id)) == 2
    assert len(await desk.messages(client_id=ana.id, kind="session_reminder")) == 1
    assert len(await desk.messages(session_id=session_id)) == 1
    assert len(await desk.messages(state="delivered")) == 1
