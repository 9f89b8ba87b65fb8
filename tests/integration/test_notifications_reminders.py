"""Reminders before sessions, from the event to the mail server."""

from datetime import timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from shared.contracts.notifications import NotificationDelivered, NotificationFailed
from tests.support.notifications import CAUSE, MONDAY_NOON, Client, Desk

THURSDAY_EVENING = MONDAY_NOON + timedelta(days=3, hours=5, minutes=30)
HONOLULU = ZoneInfo("Pacific/Honolulu")
WEDNESDAY_EVENING = THURSDAY_EVENING - timedelta(days=1)


@pytest.fixture
def ana() -> Client:
    return Client("ana")


async def test_a_client_is_reminded_the_day_before_a_session(desk: Desk, ana: Client) -> None:
    await desk.introduce(ana.details())
    await desk.tell(ana.expected(THURSDAY_EVENING))
    assert await desk.dispatch() == 0
    assert await desk.until_next_due() == WEDNESDAY_EVENING
    (mail,) = desk.mailbox.taken
    assert mail["To"] == "ana@example.test"
    assert desk.mailbox.bodies == [
        "You have an appointment Thu 5:30 PM. Please call us to change it or to stop these "
        "messages. Replies are not read."
    ]
    shown = await desk.message()
    assert (shown.state, shown.kind, shown.channel) == ("delivered", "session_reminder", "email")
    assert shown.ended_at == WEDNESDAY_EVENING
    assert shown.next_attempt_at is None
    ((event, _),) = await desk.published()
    assert isinstance(event, NotificationDelivered)
    assert (event.notification_id, event.client_id) == (shown.id, ana.id)
    assert (event.due_at, event.delivered_at) == (WEDNESDAY_EVENING, WEDNESDAY_EVENING)


async def test_a_placement_plans_reminders_for_all_sessions_of_all_its_clients(
    desk: Desk, ana: Client
) -> None:
    ben = Client("ben")
    await desk.introduce(ana.details(), ben.details(time_zone="America/New_York"))
    sessions = [THURSDAY_EVENING + timedelta(days=7 * week) for week in range(20)]
    await desk.tell(*(who.expected(at) for at in sessions for who in (ana, ben)))
    for who in (ana, ben):
        due = [m.due_at for m in await desk.messages(client_id=who.id)]
        assert sorted(due) == [at - timedelta(days=1) for at in sessions]


async def test_a_session_told_twice_is_reminded_of_once(desk: Desk, ana: Client) -> None:
    await desk.introduce(ana.details())
    session = ana.expected(THURSDAY_EVENING)
    await desk.tell(session, session)
    await desk.tell(session)
    await desk.until_next_due()
    await desk.tell(session)
    await desk.dispatch()
    assert len(desk.mailbox.taken) == 1


async def test_a_client_who_is_no_longer_expected_is_not_reminded(desk: Desk, ana: Client) -> None:
    await desk.introduce(ana.details())
    session = ana.expected(THURSDAY_EVENING)
    await desk.tell(session)
    await desk.tell(ana.off_the_list(session))
    assert (await desk.message()).state == "cancelled"
    assert await desk.next_due() is None


async def test_a_client_who_is_expected_again_is_reminded_after_all(
    desk: Desk, ana: Client
) -> None:
    await desk.introduce(ana.details())
    session = ana.expected(THURSDAY_EVENING)
    await desk.tell(session)
    await desk.tell(ana.off_the_list(session))
    await desk.tell(session)
    await desk.until_next_due()
    assert (await desk.message()).state == "delivered"


async def test_a_session_that_moves_takes_its_reminder_along(desk: Desk, ana: Client) -> None:
    await desk.introduce(ana.details())
    session_id = uuid4()
    await desk.tell(ana.expected(THURSDAY_EVENING, session_id))
    await desk.tell(ana.expected(THURSDAY_EVENING + timedelta(days=1), session_id))
    planned = await desk.message(state="planned")
    assert planned.due_at == THURSDAY_EVENING
    assert (await desk.message(state="cancelled")).due_at == WEDNESDAY_EVENING


async def test_a_session_that_has_begun_is_never_announced(desk: Desk, ana: Client) -> None:
    await desk.introduce(ana.details())
    await desk.tell(ana.expected(THURSDAY_EVENING))
    desk.set_clock(THURSDAY_EVENING)
    await desk.dispatch()
    assert desk.mailbox.taken == []
    shown = await desk.message()
    assert (shown.state, shown.failure) == ("failed", "no_longer_timely")
    ((event, _),) = await desk.published()
    assert isinstance(event, NotificationFailed)
    assert event.reason == "no_longer_timely"


async def test_a_seat_given_at_night_for_dawn_comes_too_late_for_a_reminder(
    desk: Desk, ana: Client
) -> None:
    await desk.introduce(ana.details())
    desk.set_clock(MONDAY_NOON + timedelta(hours=11))
    await desk.tell(ana.expected(MONDAY_NOON + timedelta(hours=19)))
    await desk.dispatch()
    assert (await desk.message()).failure == "no_longer_timely"


async def test_a_client_who_moves_west_is_reminded_by_the_clocks_there(
    desk: Desk, ana: Client
) -> None:
    early = MONDAY_NOON + timedelta(days=3, hours=-3, minutes=-30)
    await desk.introduce(ana.details())
    await desk.tell(ana.expected(early))
    assert await desk.next_due() == early - timedelta(days=1)
    await desk.introduce(ana.details(time_zone="Pacific/Honolulu"))
    due = await desk.until_next_due()
    assert due.astimezone(HONOLULU).strftime("%H:%M") == "08:00"
    assert "Thu 4:30 AM HST." in desk.mailbox.bodies[0]


async def test_a_reminder_brought_forward_by_a_new_zone_still_links_to_its_cause(
    desk: Desk, ana: Client
) -> None:
    late = MONDAY_NOON + timedelta(days=1, hours=9, minutes=30)
    await desk.introduce(ana.details(time_zone="America/Denver"))
    await desk.tell(ana.expected(late), traceparent=CAUSE)
    desk.set_clock(MONDAY_NOON + timedelta(hours=10))
    await desk.introduce(ana.details(time_zone="Pacific/Honolulu"))
    await desk.dispatch()
    assert (await desk.message()).state == "delivered"
    span = next(s for s in desk.spans if s.name == "send notification")
    assert len(span.links) == 1


async def test_details_that_arrive_after_the_session_was_told_still_count(
    desk: Desk, ana: Client
) -> None:
    await desk.tell(ana.expected(THURSDAY_EVENING))
    await desk.introduce(ana.details(time_zone="America/New_York"))
    await desk.until_next_due()
    assert "Thu 7:30 PM EDT." in desk.mailbox.bodies[0]


async def test_a_message_sent_days_later_links_to_its_cause(desk: Desk, ana: Client) -> None:
    await desk.introduce(ana.details())
    await desk.tell(ana.expected(THURSDAY_EVENING), traceparent=CAUSE)
    await desk.until_next_due()
    span = next(s for s in desk.spans if s.name == "send notification")
    assert span.parent is None
    assert [f"{link.context.trace_id:032x}" for link in span.links] == [CAUSE.split("-")[1]]
    ((_, traceparent),) = await desk.published()
    assert traceparent is not None
    assert traceparent.split("-")[1] == f"{span.context.trace_id:032x}" != CAUSE.split("-")[1]
