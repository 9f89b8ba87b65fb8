"""Messages to a person who had two records."""

from datetime import timedelta

import pytest

from shared.contracts.intake import ContactDetailsChanged
from tests.support.merges import merged, undone
from tests.support.notifications import DENVER_SITE, MONDAY_NOON, Client, Desk

THURSDAY_EVENING = MONDAY_NOON + timedelta(days=3, hours=5, minutes=30)
WEDNESDAY_EVENING = THURSDAY_EVENING - timedelta(days=1)


@pytest.fixture
def ana() -> Client:
    return Client("ana")


@pytest.fixture
def second() -> Client:
    """Another record of the same person."""
    return Client("second")


def later(details: ContactDetailsChanged, minutes: int = 1) -> ContactDetailsChanged:
    return details.model_copy(update={"changed_at": MONDAY_NOON + timedelta(minutes=minutes)})


def mails(desk: Desk) -> list[str]:
    return [str(mail["To"]) for mail in desk.mailbox.taken]


async def test_a_message_goes_where_the_details_entered_last_say(
    desk: Desk, ana: Client, second: Client
):
    await desk.introduce(ana.details())
    await desk.introduce(later(second.details()))
    await desk.tell(ana.expected(THURSDAY_EVENING))
    await desk.tell(merged(ana.id, second.id, DENVER_SITE))
    await desk.until_next_due()
    assert mails(desk) == ["second@example.test"]


async def test_a_message_planned_for_the_merged_record_is_withdrawn_and_shown_with_the_person(
    desk: Desk, ana: Client, second: Client
):
    await desk.introduce(second.details())
    await desk.tell(second.missed(MONDAY_NOON - timedelta(hours=1)))
    await desk.introduce(later(ana.details()))
    await desk.tell(merged(ana.id, second.id, DENVER_SITE))
    await desk.dispatch()
    assert mails(desk) == []
    for client in (ana.id, second.id):
        shown = await desk.messages(client_id=client)
        assert [(one.client_id, one.state) for one in shown] == [(second.id, "cancelled")]


async def test_reminders_move_with_the_zone_of_the_person_and_back_with_the_undo(
    desk: Desk, ana: Client, second: Client
):
    await desk.introduce(ana.details())
    await desk.tell(later(second.details(time_zone="Pacific/Honolulu")))
    await desk.tell(ana.expected(THURSDAY_EVENING.replace(hour=9)))
    before = (await desk.message()).due_at
    merge = merged(ana.id, second.id, DENVER_SITE)
    await desk.tell(merge)
    during = (await desk.message()).due_at
    assert during != before
    await desk.tell(undone(merge))
    assert (await desk.message()).due_at == before


async def test_a_change_told_after_the_merge_counts_for_either_record(
    desk: Desk, ana: Client, second: Client
):
    await desk.introduce(later(second.details()))
    await desk.tell(merged(ana.id, second.id, DENVER_SITE))
    await desk.introduce(later(ana.details(), minutes=2))
    await desk.tell(ana.expected(THURSDAY_EVENING))
    await desk.until_next_due()
    assert mails(desk) == ["ana@example.test"]


async def test_after_the_undo_each_record_has_its_own_address_again(
    desk: Desk, ana: Client, second: Client
):
    await desk.introduce(ana.details())
    await desk.introduce(later(second.details()))
    merge = merged(ana.id, second.id, DENVER_SITE)
    await desk.tell(merge)
    await desk.tell(undone(merge))
    for client in (ana, second):
        await desk.tell(client.expected(THURSDAY_EVENING))
    desk.set_clock(WEDNESDAY_EVENING)
    await desk.dispatch()
    assert sorted(mails(desk)) == ["ana@example.test", "second@example.test"]
