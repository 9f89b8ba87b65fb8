"""Outreach after missed sessions, from the event to the mail server."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.contracts.notifications import NotificationDelivered
from tests.support.notifications import CAUSE, MONDAY_NOON, Client, Desk

AT_NIGHT = MONDAY_NOON + timedelta(hours=9, minutes=30)
NEXT_MORNING = MONDAY_NOON + timedelta(hours=20)


@pytest.fixture
def ana() -> Client:
    return Client("ana")


async def test_a_client_who_missed_a_session_hears_from_us_at_once(desk: Desk, ana: Client) -> None:
    await desk.introduce(ana.details())
    await desk.tell(ana.missed(MONDAY_NOON))
    await desk.dispatch()
    assert desk.mailbox.bodies == [
        "We missed you at your appointment Mon 12:00 PM. Please call us for a new time or to stop "
        "these messages. Replies are not read."
    ]
    shown = await desk.message()
    assert (shown.kind, shown.state) == ("missed_session_outreach", "delivered")


async def test_a_miss_recorded_at_night_waits_for_the_morning(desk: Desk, ana: Client) -> None:
    await desk.introduce(ana.details())
    desk.set_clock(AT_NIGHT)
    await desk.tell(ana.missed(AT_NIGHT))
    assert await desk.dispatch() == 0
    assert await desk.until_next_due() == NEXT_MORNING
    assert (await desk.message()).state == "delivered"


async def test_night_is_where_the_client_says_to_live(desk: Desk, ana: Client) -> None:
    await desk.introduce(ana.details(time_zone="Pacific/Honolulu"))
    desk.set_clock(AT_NIGHT)
    await desk.tell(ana.missed(AT_NIGHT))
    await desk.dispatch()
    assert (await desk.message()).state == "delivered"


async def test_a_client_who_moved_east_is_not_woken(desk: Desk, ana: Client) -> None:
    await desk.introduce(ana.details(time_zone="Pacific/Honolulu"))
    desk.set_clock(AT_NIGHT)
    await desk.tell(ana.missed(AT_NIGHT))
    await desk.introduce(ana.details(time_zone="America/New_York"))
    await desk.dispatch()
    assert desk.mailbox.taken == []
    assert await desk.until_next_due() == NEXT_MORNING - timedelta(hours=2)


async def test_there_is_one_outreach_for_a_missed_session_however_often_it_is_recorded(
    desk: Desk, ana: Client
) -> None:
    await desk.introduce(ana.details())
    missed = ana.missed(MONDAY_NOON)
    await desk.tell(missed, missed)
    await desk.dispatch()
    await desk.tell(missed)
    await desk.tell(ana.attended(missed))
    await desk.tell(missed)
    await desk.dispatch()
    assert len(desk.mailbox.taken) == 1
    assert len(await desk.messages()) == 1


async def test_an_excused_absence_needs_no_outreach(desk: Desk, ana: Client) -> None:
    await desk.introduce(ana.details())
    await desk.tell(ana.missed(MONDAY_NOON, excused=True))
    assert await desk.messages() == []


async def test_an_excuse_that_comes_before_the_morning_calls_the_outreach_off(
    desk: Desk, ana: Client
) -> None:
    await desk.introduce(ana.details())
    desk.set_clock(AT_NIGHT)
    missed = ana.missed(AT_NIGHT)
    await desk.tell(missed)
    await desk.tell(ana.missed(AT_NIGHT, missed.session_id, excused=True))
    assert (await desk.message()).state == "cancelled"
    assert await desk.next_due() is None


async def test_a_client_who_was_there_after_all_hears_nothing(desk: Desk, ana: Client) -> None:
    await desk.introduce(ana.details())
    desk.set_clock(AT_NIGHT)
    missed = ana.missed(AT_NIGHT)
    await desk.tell(missed)
    await desk.tell(ana.attended(missed))
    desk.set_clock(NEXT_MORNING)
    await desk.dispatch()
    assert desk.mailbox.taken == []


async def test_a_miss_recorded_weeks_later_is_too_old_to_reach_out_for(
    desk: Desk, ana: Client
) -> None:
    await desk.introduce(ana.details())
    await desk.tell(ana.missed(MONDAY_NOON - timedelta(days=14)))
    await desk.dispatch()
    assert (await desk.message()).failure == "no_longer_timely"
    assert desk.mailbox.taken == []


@pytest.mark.parametrize(("minutes", "failure"), [(-1, None), (0, "no_longer_timely")])
async def test_outreach_is_timely_for_seven_days_of_the_sites_calendar(
    desk: Desk, ana: Client, minutes: int, failure: str | None
) -> None:
    noon = datetime(2026, 3, 9, 18, tzinfo=UTC)  # 12:00 in Denver, a week of 167 hours later
    desk.set_clock(noon + timedelta(minutes=minutes))
    await desk.tell(ana.details())
    await desk.tell(ana.missed(datetime(2026, 3, 2, 19, tzinfo=UTC)))
    await desk.dispatch()
    assert (await desk.message()).failure == failure


async def test_an_immediate_message_goes_on_with_the_trace_of_its_cause(
    desk: Desk, ana: Client
) -> None:
    await desk.introduce(ana.details())
    await desk.tell(ana.missed(MONDAY_NOON), traceparent=CAUSE)
    await desk.dispatch()
    trace_id = CAUSE.split("-")[1]
    span = next(s for s in desk.spans if s.name == "send notification")
    applied = next(s for s in desk.spans if s.name == "process stepwell.scheduling")
    assert f"{span.context.trace_id:032x}" == trace_id
    assert span.parent is not None
    assert span.parent.span_id == applied.context.span_id
    assert len(span.links) == 0
    ((event, traceparent),) = await desk.published()
    assert isinstance(event, NotificationDelivered)
    assert traceparent == f"00-{trace_id}-{span.context.span_id:016x}-01"


async def test_outreach_that_waits_for_the_morning_links_to_its_cause(
    desk: Desk, ana: Client
) -> None:
    await desk.introduce(ana.details())
    desk.set_clock(AT_NIGHT)
    await desk.tell(ana.missed(AT_NIGHT), traceparent=CAUSE)
    await desk.until_next_due()
    span = next(s for s in desk.spans if s.name == "send notification")
    assert f"{span.context.trace_id:032x}" != CAUSE.split("-")[1]
    assert [f"{link.context.trace_id:032x}" for link in span.links] == [CAUSE.split("-")[1]]


async def test_no_span_tells_an_address_or_what_was_said(desk: Desk, ana: Client) -> None:
    await desk.introduce(ana.details())
    await desk.tell(ana.missed(MONDAY_NOON), traceparent=CAUSE)
    await desk.dispatch()
    told = " ".join(span.to_json() for span in desk.spans)
    assert "example.test" not in told
    assert "appointment" not in told
    assert str(ana.id) not in told
