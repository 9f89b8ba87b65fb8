"""Messages that are not wanted any more while they are on their way."""

from datetime import timedelta
from uuid import uuid4

import pytest

from services.notifications.delivery.jobs import messages
from shared.database import ALL_SITES
from tests.support.notifications import MONDAY_NOON, Client, Desk

TONIGHT = MONDAY_NOON + timedelta(hours=5)
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def ana(desk: Desk) -> Client:
    client = Client("ana")
    await desk.introduce(client.details())
    return client


async def test_a_reminder_cancelled_while_the_server_turns_it_away_never_goes_out(
    desk: Desk, ana: Client
) -> None:
    session = ana.expected(TONIGHT)
    await desk.tell(session)
    desk.mailbox.message_answers = ["451 later"]
    desk.mailbox.on_data = desk.telling(ana.off_the_list(session))
    await desk.dispatch()
    shown = await desk.message()
    assert (shown.state, shown.ended_at, shown.attempts) == ("cancelled", MONDAY_NOON, 1)
    assert await desk.next_due() is None
    assert await desk.withdrawals() == 0
    assert await desk.published() == []
    assert desk.mailbox.taken == []


@pytest.mark.parametrize("excused", [False, True])
async def test_outreach_for_a_miss_that_is_corrected_meanwhile_is_not_tried_again(
    desk: Desk, ana: Client, excused: bool
) -> None:
    missed = ana.missed(MONDAY_NOON)
    await desk.tell(missed)
    desk.mailbox.message_answers = ["451 later"]
    corrected = (
        ana.missed(MONDAY_NOON, missed.session_id, excused=True)
        if excused
        else ana.attended(missed)
    )
    desk.mailbox.on_data = desk.telling(corrected)
    await desk.dispatch()
    assert (await desk.message()).state == "cancelled"
    assert await desk.next_due() is None


async def test_a_message_whose_sender_died_is_not_taken_up_when_it_was_cancelled_since(
    desk: Desk, ana: Client
) -> None:
    missed = ana.missed(MONDAY_NOON)
    await desk.tell(missed)
    async with desk.database.transaction(ALL_SITES) as sender:
        await messages.mark_due(sender)
    await desk.tell(ana.attended(missed))
    assert await desk.until_next_due() == MONDAY_NOON + MINUTE
    assert (await desk.message()).state == "cancelled"
    assert desk.mailbox.taken == []


async def test_a_message_cancelled_right_after_it_was_planned_again_does_not_go_out(
    desk: Desk, ana: Client
) -> None:
    await desk.tell(ana.missed(MONDAY_NOON))
    async with desk.database.transaction(ALL_SITES) as tx:
        message = (await desk.message()).id
        await tx.execute("INSERT INTO withdrawals VALUES ($1, $2)", message, tx.now)
    await desk.dispatch()
    assert (await desk.message()).state == "cancelled"
    assert desk.mailbox.taken == []


async def test_what_the_server_has_taken_cannot_be_called_back(desk: Desk, ana: Client) -> None:
    session = ana.expected(TONIGHT)
    await desk.tell(session)
    desk.mailbox.on_data = desk.telling(ana.off_the_list(session))
    await desk.dispatch()
    assert (await desk.message()).state == "delivered"
    assert await desk.withdrawals() == 0
    assert len(await desk.published()) == 1


async def test_a_client_who_is_expected_again_meanwhile_is_reminded_all_the_same(
    desk: Desk, ana: Client
) -> None:
    session = ana.expected(TONIGHT)
    await desk.tell(session)
    desk.mailbox.message_answers = ["451 later"]
    desk.mailbox.on_data = desk.telling(ana.off_the_list(session), session)
    await desk.dispatch()
    assert (await desk.message()).state == "planned"
    await desk.until_next_due()
    shown = await desk.message()
    assert (shown.state, shown.attempts) == ("delivered", 2)
    assert len(desk.mailbox.taken) == 1


async def test_a_session_that_moves_meanwhile_is_announced_for_its_new_start_only(
    desk: Desk, ana: Client
) -> None:
    session_id, later = uuid4(), MONDAY_NOON + timedelta(days=4)
    await desk.tell(ana.expected(TONIGHT, session_id))
    desk.mailbox.message_answers = ["451 later"]
    desk.mailbox.on_data = desk.telling(ana.expected(later, session_id))
    await desk.dispatch()
    assert (await desk.message(state="cancelled")).session_starts_at == TONIGHT
    assert (await desk.message(state="planned")).session_starts_at == later


async def test_there_is_one_outreach_for_a_session_even_when_its_start_is_corrected(
    desk: Desk, ana: Client
) -> None:
    missed = ana.missed(MONDAY_NOON)
    earlier = ana.missed(MONDAY_NOON - timedelta(hours=1), missed.session_id)
    await desk.tell(missed)
    desk.mailbox.message_answers = ["451 later"]
    desk.mailbox.on_data = desk.telling(earlier)
    await desk.dispatch()
    await desk.until_next_due()
    await desk.tell(earlier)
    await desk.dispatch()
    assert (await desk.message()).state == "delivered"
    assert len(desk.mailbox.taken) == 1


async def test_outreach_that_still_waits_goes_by_the_corrected_start(
    desk: Desk, ana: Client
) -> None:
    missed = ana.missed(MONDAY_NOON)
    await desk.tell(missed)
    await desk.tell(ana.missed(MONDAY_NOON - timedelta(hours=1), missed.session_id))
    await desk.dispatch()
    assert len(await desk.messages(state="cancelled")) == 1
    (body,) = desk.mailbox.bodies
    assert "Mon 11:00 AM" in body


async def test_a_message_planned_anew_after_it_was_cancelled_starts_from_nothing(
    desk: Desk, ana: Client
) -> None:
    session = ana.expected(TONIGHT)
    await desk.tell(session)
    desk.mailbox.message_answers = ["451 later"]
    await desk.dispatch()
    await desk.tell(ana.off_the_list(session))
    await desk.tell(session)
    shown = await desk.message()
    assert (shown.state, shown.attempts, shown.channel) == ("planned", 0, None)
