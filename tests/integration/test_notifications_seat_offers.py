"""Clients are told of a seat that is held for them, in neutral words and never at night."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from shared.contracts.notifications import NoticeDelivered, NotificationSuppressed
from shared.contracts.scheduling import SeatAccepted, SeatOffered
from tests.support.notifications import DENVER_SITE, MONDAY_NOON, Client, Desk

DAY = timedelta(days=1)
AT_NIGHT = MONDAY_NOON + timedelta(hours=9, minutes=30)


@pytest.fixture
async def ana(desk: Desk) -> Client:
    client = Client("ana")
    await desk.introduce(client.details())
    await desk.tell(client.enrolled())
    return client


def offered(client: Client, expires_at: datetime) -> SeatOffered:
    return SeatOffered(
        client_id=client.id,
        site_id=DENVER_SITE,
        enrolment_id=client.enrolled().enrolment_id,
        offer_id=uuid4(),
        cohort_id=uuid4(),
        offered_at=MONDAY_NOON,
        expires_at=expires_at,
        time_zone="America/Denver",
        passed_over=0,
        jump_reason=None,
    )


def accepted(offer: SeatOffered) -> SeatAccepted:
    return SeatAccepted(**offer.model_dump(), ended_at=MONDAY_NOON)


async def test_a_client_is_told_until_when_a_seat_is_held(desk: Desk, ana: Client) -> None:
    offer = offered(ana, MONDAY_NOON + DAY)
    await desk.tell(offer)
    await desk.dispatch()
    assert desk.mailbox.bodies == [
        "A time has become free for you. Please call us by Tue 12:00 PM to take it, or to stop "
        "these messages. Replies are not read."
    ]
    ((event, _),) = await desk.published()
    assert isinstance(event, NoticeDelivered)
    assert (event.kind, event.session_id) == ("seat_offer", offer.offer_id)


async def test_who_answered_meanwhile_is_not_told_in_the_morning(desk: Desk, ana: Client) -> None:
    desk.set_clock(AT_NIGHT)
    one, other = offered(ana, AT_NIGHT + DAY), offered(ana, AT_NIGHT + DAY)
    await desk.tell(one)
    await desk.dispatch()
    assert desk.mailbox.taken == []
    await desk.tell(accepted(one))
    await desk.tell(other)
    assert await desk.until_next_due() == MONDAY_NOON + timedelta(hours=20)
    states = {message.session_id: message.state for message in await desk.messages()}
    assert states == {one.offer_id: "cancelled", other.offer_id: "delivered"}


async def test_who_did_not_agree_to_messages_about_appointments_is_not_told(
    desk: Desk, ana: Client
) -> None:
    await desk.tell(ana.agrees(uses=["billing"]))
    await desk.tell(offered(ana, MONDAY_NOON + DAY))
    await desk.dispatch()
    ((event, _),) = await desk.published()
    assert isinstance(event, NotificationSuppressed)
    assert event.rule == "other_use"
