"""No message after the end of a stay, none while it is on hold."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from services.notifications.delivery.jobs import messages
from shared.contracts.base import Event
from shared.contracts.intake import ClientsMerged
from shared.database import ALL_SITES
from stepwell.runtime.disposable import Stack
from stepwell.runtime.state import PROJECT
from tests.support.notifications import MONDAY_NOON, Client, Desk

MIGRATIONS = PROJECT / "services" / "notifications" / "migrations"
DAY = timedelta(days=1)
AT_NIGHT = MONDAY_NOON + timedelta(hours=9, minutes=30)
NEXT_MORNING = MONDAY_NOON + timedelta(hours=20)
ENDS = (
    "stepped_down",
    "stepped_up",
    "completed",
    "left_against_advice",
    "transferred",
    "lost",
    "died",
)


@pytest.fixture
async def ana(desk: Desk) -> Client:
    """A client in the program."""
    client = Client("ana")
    await desk.introduce(client.details())
    await desk.tell(client.enrolled())
    return client


def of_before(event: Event) -> Event:
    """The event as it was told before version 1.1, without the stay."""
    return event.model_copy(update={"enrolment_id": None})


@pytest.mark.parametrize("end", ENDS)
async def test_outreach_planned_before_the_end_does_not_go_out_after_it(
    desk: Desk, ana: Client, end: str
) -> None:
    desk.set_clock(AT_NIGHT)
    await desk.tell(ana.missed(AT_NIGHT))
    await desk.tell(ana.becomes(end))
    assert (await desk.message()).state == "cancelled"
    desk.set_clock(NEXT_MORNING)
    await desk.dispatch()
    assert desk.mailbox.taken == []
    assert await desk.published() == []


@pytest.mark.parametrize("end", ["died", "completed"])
async def test_a_no_show_recorded_after_the_end_leads_to_no_message(
    desk: Desk, ana: Client, end: str
) -> None:
    await desk.tell(ana.becomes(end))
    await desk.tell(ana.missed(MONDAY_NOON - DAY))
    assert await desk.messages() == []
    await desk.tell(of_before(ana.missed(MONDAY_NOON - DAY)))
    await desk.dispatch()
    assert (await desk.message()).state == "cancelled"
    assert desk.mailbox.taken == []


async def test_a_step_down_ends_the_reminders_of_all_sessions_to_come(
    desk: Desk, ana: Client
) -> None:
    await desk.tell(*(ana.expected(MONDAY_NOON + day * DAY) for day in (2, 4, 9)))
    await desk.tell(ana.stepped_down())
    assert [m.state for m in await desk.messages()] == ["cancelled"] * 3
    assert await desk.next_due() is None


async def test_sessions_told_of_after_the_end_are_not_reminded_of(desk: Desk, ana: Client) -> None:
    await desk.tell(ana.becomes("lost"))
    await desk.tell(ana.expected(MONDAY_NOON + 2 * DAY))
    assert await desk.messages() == []


async def test_who_comes_back_is_reminded_for_the_new_stay_only(desk: Desk, ana: Client) -> None:
    await desk.tell(ana.expected(MONDAY_NOON + 2 * DAY))
    await desk.tell(ana.becomes("left_against_advice"))
    again = Client("ana", ana.id)
    await desk.tell(again.expected(MONDAY_NOON + 4 * DAY))
    assert (await desk.message(state="planned")).session_starts_at == MONDAY_NOON + 4 * DAY
    await desk.tell(again.enrolled())
    await desk.until_next_due()
    assert (await desk.message(state="delivered")).session_starts_at == MONDAY_NOON + 4 * DAY
    assert len(desk.mailbox.taken) == 1


async def test_the_end_of_a_stay_leaves_the_messages_of_the_next_one(
    desk: Desk, ana: Client
) -> None:
    again = Client("ana", ana.id)
    await desk.tell(again.enrolled())
    await desk.tell(again.expected(MONDAY_NOON + 2 * DAY))
    await desk.tell(ana.becomes("transferred"))
    assert (await desk.message()).state == "planned"


async def test_what_is_told_of_a_stay_after_its_end_does_not_bring_it_back(
    desk: Desk, ana: Client
) -> None:
    await desk.tell(ana.becomes("completed"), ana.becomes("active", was="on_hold"))
    await desk.tell(ana.enrolled())
    await desk.tell(ana.missed(MONDAY_NOON))
    assert await desk.messages() == []


async def test_a_message_already_marked_is_looked_at_again_before_it_is_handed_over(
    desk: Desk, ana: Client
) -> None:
    others = [Client(f"client{n}") for n in range(7)]
    await desk.introduce(*(one.details() for one in others))
    await desk.tell(*(one.missed(MONDAY_NOON) for one in others))
    last = Client("zoe")
    await desk.introduce(last.details())
    await desk.tell(last.enrolled())
    desk.set_clock(MONDAY_NOON + timedelta(seconds=1))
    await desk.tell(last.missed(MONDAY_NOON))
    first, tell = asyncio.Lock(), desk.telling(last.becomes("died"))

    async def nobody_is_faster_than_the_news() -> None:
        async with first:
            await tell()

    desk.mailbox.on_data = nobody_is_faster_than_the_news
    await desk.dispatch()
    assert (await desk.message(client_id=last.id)).state == "cancelled"
    assert "zoe@example.test" not in [m["To"] for m in desk.mailbox.taken]
    assert await desk.withdrawals() == 0


async def test_a_message_whose_sender_died_does_not_go_out_after_the_end(
    desk: Desk, ana: Client
) -> None:
    await desk.tell(ana.missed(MONDAY_NOON))
    async with desk.database.transaction(ALL_SITES) as sender:
        await messages.mark_due(sender)
    await desk.tell(ana.becomes("died"))
    await desk.until_next_due()
    assert (await desk.message()).state == "cancelled"
    assert desk.mailbox.taken == []


async def test_what_was_planned_without_naming_a_stay_ends_with_the_stay(
    desk: Desk, ana: Client
) -> None:
    await desk.tell(of_before(ana.expected(MONDAY_NOON + 2 * DAY)))
    await desk.tell(ana.becomes("completed"))
    assert (await desk.message()).state == "cancelled"


async def test_a_client_on_hold_hears_nothing_and_is_reminded_again_afterwards(
    desk: Desk, ana: Client
) -> None:
    await desk.tell(*(ana.expected(MONDAY_NOON + day * DAY) for day in (2, 4, 9)))
    await desk.tell(ana.becomes("on_hold"))
    for _ in range(3):
        await desk.until_next_due()
    assert desk.now == MONDAY_NOON + 3 * DAY
    assert desk.mailbox.taken == []
    assert (await desk.message(state="cancelled")).session_starts_at == MONDAY_NOON + 2 * DAY
    await desk.tell(ana.becomes("active", was="on_hold"))
    await desk.dispatch()
    assert (await desk.message(state="delivered")).session_starts_at == MONDAY_NOON + 4 * DAY
    assert (await desk.message(state="planned")).due_at == MONDAY_NOON + 8 * DAY
    assert await desk.published() != []


async def test_outreach_that_waits_when_a_hold_begins_goes_out_when_it_ends(
    desk: Desk, ana: Client
) -> None:
    desk.set_clock(AT_NIGHT)
    await desk.tell(ana.missed(AT_NIGHT))
    await desk.tell(ana.becomes("on_hold"))
    desk.set_clock(NEXT_MORNING)
    await desk.dispatch()
    assert desk.mailbox.taken == []
    await desk.tell(ana.becomes("active", was="on_hold"))
    await desk.dispatch()
    assert (await desk.message()).state == "delivered"


async def test_a_miss_of_a_session_that_began_on_hold_leads_to_no_outreach(
    desk: Desk, ana: Client
) -> None:
    await desk.tell(ana.missed(MONDAY_NOON, on_hold=True))
    assert await desk.messages() == []
    missed = ana.missed(MONDAY_NOON)
    desk.set_clock(AT_NIGHT)
    await desk.tell(missed)
    await desk.tell(ana.missed(MONDAY_NOON, missed.session_id, on_hold=True))
    assert (await desk.message()).state == "cancelled"


async def test_a_session_called_off_during_a_hold_is_not_reminded_of_after_it(
    desk: Desk, ana: Client
) -> None:
    session = ana.expected(MONDAY_NOON + 2 * DAY)
    await desk.tell(session)
    await desk.tell(ana.becomes("on_hold"))
    await desk.until_next_due()
    await desk.tell(ana.off_the_list(session))
    await desk.tell(ana.becomes("active", was="on_hold"))
    await desk.dispatch()
    assert (await desk.message()).state == "cancelled"
    assert desk.mailbox.taken == []


async def test_a_stay_that_ends_on_hold_ends_what_waited(desk: Desk, ana: Client) -> None:
    await desk.tell(ana.expected(MONDAY_NOON + 2 * DAY))
    await desk.tell(ana.becomes("on_hold"))
    await desk.tell(ana.becomes("lost", was="on_hold"))
    assert (await desk.message()).state == "cancelled"


async def test_a_record_that_was_merged_away_gets_nothing_more(desk: Desk, ana: Client) -> None:
    ben = Client("ben")
    await desk.introduce(ben.details())
    await desk.tell(*(who.expected(MONDAY_NOON + 2 * DAY) for who in (ana, ben)))
    await desk.tell(
        ClientsMerged(
            client_id=ana.id,
            site_id=ana.site_id,
            merge_id=uuid4(),
            merged_client_id=ben.id,
            merged_at=MONDAY_NOON,
        )
    )
    told = {one.client_id: one.state for one in await desk.messages(client_id=ben.id)}
    assert told == {ben.id: "cancelled", ana.id: "planned"}
    await desk.until_next_due()
    assert [m["To"] for m in desk.mailbox.taken] == ["ana@example.test"]


async def test_messages_keep_states_that_the_release_before_knows_once_a_database_is_down(
    desk: Desk, ana: Client, stack: Stack
) -> None:
    ben = Client("ben")
    await desk.tell(ben.details())
    await desk.tell(ana.not_held(ana.expected(MONDAY_NOON + DAY)))
    await desk.tell(ana.missed(MONDAY_NOON), ben.missed(MONDAY_NOON))
    await desk.dispatch()
    parts = [
        (MIGRATIONS / name).read_text("utf-8").partition("-- migrate:down")
        for name in ("0004_permission_and_stays.sql", "0005_messages_by_day.sql")
    ]
    name = desk.settings.database_url.rpartition("/")[2].partition("?")[0]
    owner = await asyncpg.connect(stack.postgres.url(database=name))
    try:
        for _, _, down in reversed(parts):
            async with owner.transaction():
                await owner.execute(down)
        rows = await owner.fetch("SELECT kind, state FROM notifications ORDER BY state")
        assert [tuple(row) for row in rows] == [
            ("missed_session_outreach", "cancelled"),
            ("missed_session_outreach", "delivered"),
        ]
        for up, _, _ in parts:
            async with owner.transaction():
                await owner.execute(up)
    finally:
        await owner.close()
    assert {one.due_on for one in await desk.messages()} == {MONDAY_NOON.date()}
