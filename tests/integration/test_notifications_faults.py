"""Stops, full servers and outcomes that cannot be written: nobody is written to again and again."""

import asyncio
from datetime import UTC, time, timedelta
from email.header import decode_header, make_header
from typing import Any

import asyncpg
import pytest

from services.notifications.delivery import messages as messages_module
from services.notifications.delivery import sending
from services.notifications.delivery.jobs import dispatch_job
from services.notifications.texts.rendering import Written, write
from shared.contracts.notifications import NotificationDelivered
from shared.jobs import JobContext, Jobs
from stepwell.runtime.disposable import Stack
from tests.support.notifications import DENVER, MONDAY_NOON, Client, Desk

MINUTE = timedelta(minutes=1)


@pytest.fixture
def ana() -> Client:
    return Client("ana")


async def all_miss(desk: Desk, number: int) -> None:
    """So many clients miss a session and are to hear from us now."""
    clients = [Client(f"client{n}") for n in range(number)]
    await desk.introduce(*(client.details() for client in clients))
    await desk.tell(*(client.missed(MONDAY_NOON) for client in clients))


def job_of(desk: Desk) -> "asyncio.Task[None]":
    """The job as a worker runs it."""
    return asyncio.create_task(Jobs([dispatch_job], JobContext(desk.database, desk.settings)).run())


async def test_outcomes_that_cannot_be_written_lead_to_few_repetitions_ever_further_apart(
    desk: Desk, ana: Client, stack: Stack
) -> None:
    await desk.introduce(ana.details())
    await desk.tell(ana.missed(MONDAY_NOON))
    name = desk.settings.database_url.rpartition("/")[2].partition("?")[0]
    owner = await asyncpg.connect(stack.postgres.url(database=name))
    await owner.execute("ALTER TABLE notifications ADD CONSTRAINT no CHECK (state <> 'delivered')")
    with pytest.raises(asyncpg.CheckViolationError):
        await desk.dispatch()
    tried = []
    for _ in range(3):
        assert await desk.dispatch() == 0, "not before its time"
        due = await desk.next_due()
        assert due is not None
        tried.append(due)
        desk.set_clock(due)
        with pytest.raises(asyncpg.CheckViolationError):
            await desk.dispatch()
    assert [at - MONDAY_NOON for at in tried] == [1 * MINUTE, 6 * MINUTE, 21 * MINUTE]
    await owner.execute("ALTER TABLE notifications DROP CONSTRAINT no")
    await owner.close()
    await desk.until_next_due()
    shown = await desk.message()
    assert (shown.state, shown.attempts) == ("delivered", 5)
    assert desk.mailbox.ids == [f"<{shown.id}@example.test>"] * 5


async def test_a_message_that_cannot_be_written_keeps_nobody_else_waiting(
    desk: Desk, ana: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def written_but_for_reminders(template: str, *about: Any) -> Written:
        if template == "session_reminder":
            raise KeyError(template)
        return write(template, *about)

    monkeypatch.setattr(messages_module, "write", written_but_for_reminders)
    await desk.introduce(ana.details())
    await desk.tell(ana.expected(MONDAY_NOON + timedelta(hours=5)))
    await desk.tell(ana.missed(MONDAY_NOON))
    await desk.dispatch()
    assert (await desk.message(kind="missed_session_outreach")).state == "delivered"
    reminder = await desk.message(kind="session_reminder")
    assert (reminder.state, reminder.attempts) == ("planned", 1)


async def test_a_worker_that_is_stopped_within_a_batch_writes_down_what_went_out(
    desk: Desk,
) -> None:
    await all_miss(desk, 40)
    job = job_of(desk)

    def stop_after_twenty() -> None:
        if len(desk.mailbox.taken) == 20:
            job.cancel()

    desk.mailbox.on_taken = stop_after_twenty
    with pytest.raises(asyncio.CancelledError):
        await job
    delivered = await desk.messages(state="delivered")
    assert 20 <= len(delivered) == len(desk.mailbox.taken) < 40
    waiting = await desk.messages(state="planned")
    assert len(waiting) == 40 - len(delivered)
    assert {(m.attempts, m.next_attempt_at) for m in waiting} == {(0, MONDAY_NOON)}
    await desk.dispatch()
    assert len(desk.mailbox.ids) == len(set(desk.mailbox.ids)) == 40


async def test_a_worker_that_is_stopped_waits_only_a_little_for_a_server_that_hangs(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "GRACE_SECONDS", 0.2)
    await all_miss(desk, 9)
    job = job_of(desk)
    asked, never = 0, asyncio.Event()

    async def hang_from_the_fourth() -> None:
        nonlocal asked
        asked += 1
        if asked == 7:
            job.cancel()
        if asked >= 4:
            await never.wait()

    desk.mailbox.on_data = hang_from_the_fourth
    async with asyncio.timeout(5):
        with pytest.raises(asyncio.CancelledError):
            await job
    states = [m.state for m in await desk.messages()]
    assert {s: states.count(s) for s in states} == {"delivered": 3, "sending": 4, "planned": 2}
    assert await desk.sending() == 0, "nobody is at work"


async def test_a_server_with_room_for_two_connections_gets_all_messages_over_these(
    desk: Desk,
) -> None:
    desk.mailbox.most_connections = 2
    await all_miss(desk, 60)
    await desk.dispatch()
    assert len(await desk.messages(state="delivered")) == 60
    assert len(set(desk.mailbox.ids)) == len(desk.mailbox.ids) == 60
    assert desk.mailbox.connections == 2


async def test_a_server_with_room_for_no_connection_is_waited_for(desk: Desk) -> None:
    desk.mailbox.most_connections = 0
    await all_miss(desk, 9)
    assert await desk.dispatch() == 9
    assert len(await desk.messages(state="planned")) == 9
    desk.mailbox.most_connections = None
    assert await desk.until_next_due() == MONDAY_NOON + MINUTE
    assert len(await desk.messages(state="delivered")) == 9


async def test_a_text_with_accents_arrives_as_it_was_written(desk: Desk, ana: Client) -> None:
    await desk.introduce(ana.details())
    await desk.tell(ana.reads("es-MX"))
    await desk.tell(ana.missed(MONDAY_NOON))
    await desk.dispatch()
    assert (await desk.message()).state == "delivered"
    (mail,) = desk.mailbox.taken
    assert mail.as_string().isascii(), "no server has to take eight bits"
    assert str(make_header(decode_header(mail["Subject"]))) == "Su cita"
    assert desk.mailbox.bodies == [
        "Le echamos de menos en su cita del lun 12:00 PM. Llámenos para otra hora o para no "
        "recibir más mensajes. No leemos las respuestas."
    ]


async def test_a_slow_server_makes_no_message_go_out_at_night(desk: Desk) -> None:
    desk.set_clock(MONDAY_NOON + timedelta(hours=8, minutes=59, seconds=50))
    await all_miss(desk, 20)
    desk.mailbox.on_taken = lambda: desk.set_clock(desk.now + timedelta(seconds=1))
    await desk.dispatch()
    delivered = await desk.messages(state="delivered")
    assert 10 <= len(delivered) == len(desk.mailbox.taken) <= 10 + sending.HANDS
    told = [
        event.delivered_at
        for event, _ in await desk.published()
        if isinstance(event, NotificationDelivered)
    ]
    assert sorted(told) == sorted(m.ended_at for m in delivered if m.ended_at)
    assert len(set(told)) > 1, "each at the instant of its own hand-over"
    assert max(told).astimezone(DENVER).time() < time(21)
    waiting = await desk.messages(state="planned")
    assert {(m.attempts, m.next_attempt_at) for m in waiting} == {
        (0, (MONDAY_NOON + timedelta(hours=20)).astimezone(UTC))
    }


async def test_a_reminder_that_looks_too_late_waits_for_a_zone_that_may_still_be_stated(
    desk: Desk, ana: Client
) -> None:
    desk.set_clock(MONDAY_NOON + timedelta(hours=11))
    await desk.tell(ana.expected(MONDAY_NOON + timedelta(hours=19)))
    await desk.dispatch()
    assert (await desk.message()).state == "planned"
    await desk.introduce(ana.details(time_zone="Pacific/Honolulu"))
    await desk.dispatch()
    assert (await desk.message()).state == "delivered"


async def test_a_reminder_that_is_too_late_in_the_stated_zone_too_is_given_up(
    desk: Desk, ana: Client
) -> None:
    desk.set_clock(MONDAY_NOON + timedelta(hours=11))
    await desk.tell(ana.expected(MONDAY_NOON + timedelta(hours=19)))
    await desk.introduce(ana.details())
    await desk.dispatch()
    assert (await desk.message()).failure == "no_longer_timely"
