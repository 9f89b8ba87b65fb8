"""Clients are told at once of a session that the program does not hold."""

from datetime import timedelta

import pytest

from shared.contracts.intake import AvailableTime
from shared.contracts.notifications import NoticeDelivered, NoticeFailed
from tests.support.notifications import CAUSE, MONDAY_NOON, Client, Desk

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TONIGHT = MONDAY_NOON + 6 * HOUR
AT_NIGHT = MONDAY_NOON + timedelta(hours=9, minutes=30)


@pytest.fixture
async def ana(desk: Desk) -> Client:
    client = Client("ana")
    await desk.introduce(client.details())
    await desk.tell(client.enrolled())
    return client


async def test_a_client_is_told_at_once_and_not_reminded(desk: Desk, ana: Client) -> None:
    session = ana.expected(MONDAY_NOON + 2 * DAY)
    await desk.tell(session)
    await desk.tell(ana.not_held(session), traceparent=CAUSE)
    await desk.dispatch()
    assert desk.mailbox.bodies == [
        "Your appointment Wed 12:00 PM will not take place. Please call us for a new time or to "
        "stop these messages. Replies are not read."
    ]
    assert (await desk.message(kind="session_reminder")).state == "cancelled"
    shown = await desk.message(kind="session_not_held")
    assert (shown.state, shown.channel) == ("delivered", "email")
    ((event, traceparent),) = await desk.published()
    assert isinstance(event, NoticeDelivered)
    assert (event.kind, event.session_id) == ("session_not_held", session.session_id)
    assert traceparent is not None
    assert traceparent.split("-")[1] == CAUSE.split("-")[1]


async def test_a_whole_day_is_told_to_each_client_once(desk: Desk, ana: Client) -> None:
    clients = [ana, *(Client(f"client{n}") for n in range(9))]
    await desk.introduce(*(one.details() for one in clients[1:]))
    sessions = [one.expected(TONIGHT) for one in clients]
    gone = [one.not_held(session) for one, session in zip(clients, sessions, strict=True)]
    await desk.tell(*gone, *gone)
    await desk.tell(*gone)
    await desk.dispatch()
    await desk.tell(*gone)
    await desk.dispatch()
    assert sorted(m["To"] for m in desk.mailbox.taken) == sorted(
        f"{one.name}@example.test" for one in clients
    )


async def test_what_is_known_at_night_is_told_in_the_morning(desk: Desk, ana: Client) -> None:
    session = ana.expected(MONDAY_NOON + DAY)
    desk.set_clock(AT_NIGHT)
    await desk.tell(ana.not_held(session))
    await desk.dispatch()
    assert desk.mailbox.taken == []
    assert await desk.until_next_due() == MONDAY_NOON + timedelta(hours=20)
    assert len(desk.mailbox.taken) == 1


async def test_what_cannot_be_told_before_the_session_would_have_begun_is_given_up(
    desk: Desk, ana: Client
) -> None:
    session = ana.expected(MONDAY_NOON + timedelta(hours=19))
    desk.set_clock(AT_NIGHT)
    await desk.tell(ana.not_held(session))
    await desk.dispatch()
    assert await desk.until_next_due() == session.starts_at
    shown = await desk.message()
    assert (shown.state, shown.failure) == ("failed", "no_longer_timely")
    ((event, _),) = await desk.published()
    assert isinstance(event, NoticeFailed)
    assert desk.mailbox.taken == []


async def test_a_session_of_yesterday_is_told_to_nobody_and_its_outreach_withdrawn(
    desk: Desk, ana: Client
) -> None:
    desk.set_clock(AT_NIGHT)
    missed = ana.missed(MONDAY_NOON)
    await desk.tell(missed)
    await desk.tell(ana.not_held(missed))
    assert (await desk.message()).state == "cancelled"
    desk.set_clock(MONDAY_NOON + DAY)
    await desk.dispatch()
    assert desk.mailbox.taken == []


@pytest.mark.parametrize(
    ("uses", "state"),
    [(["appointments"], "delivered"), (["program_news"], "delivered"), (["billing"], "suppressed")],
)
async def test_either_of_two_uses_allows_it(
    desk: Desk, ana: Client, uses: list[str], state: str
) -> None:
    await desk.tell(ana.agrees(uses=uses))
    await desk.tell(ana.not_held(ana.expected(TONIGHT)))
    await desk.dispatch()
    assert (await desk.message()).state == state


async def test_it_waits_for_a_safe_time_before_the_session(desk: Desk, ana: Client) -> None:
    evening = AvailableTime(weekday=1, starts_at="16:00", ends_at="17:00")
    await desk.tell(ana.agrees(safe_times=[evening]))
    await desk.tell(ana.not_held(ana.expected(TONIGHT)))
    await desk.dispatch()
    assert await desk.until_next_due() == MONDAY_NOON + 4 * HOUR
    assert (await desk.message()).state == "delivered"


async def test_who_left_the_program_is_not_told(desk: Desk, ana: Client) -> None:
    await desk.tell(ana.becomes("completed"))
    await desk.tell(ana.not_held(ana.expected(TONIGHT)))
    assert await desk.messages() == []
