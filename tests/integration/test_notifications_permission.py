"""Permission is asked when a message goes out, not when it is planned."""

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.notifications.delivery import metrics
from shared.contracts.intake import (
    AvailableTime,
    ConsentExpired,
    ConsentGranted,
    ConsentRevoked,
)
from shared.contracts.notifications import NotificationSuppressed
from tests.support.merges import merged, undone
from tests.support.notifications import MONDAY_NOON, Client, Desk

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
async def ana(desk: Desk) -> Client:
    """A client who said how to be reached and signed nothing yet."""
    client = Client("ana")
    await desk.tell(client.details())
    return client


def revoked(consent: ConsentGranted) -> ConsentRevoked:
    return ConsentRevoked(
        **consent.model_dump(include={"client_id", "site_id", "consent_id", "form"}),
        revoked_at=MONDAY_NOON,
    )


def expired(consent: ConsentGranted) -> ConsentExpired:
    return ConsentExpired(
        **consent.model_dump(include={"client_id", "site_id", "consent_id", "form"}),
        expired_at=MONDAY_NOON,
    )


async def suppressed_by(desk: Desk) -> str | None:
    """The rule of the only message, which did not go out and is told of."""
    shown = await desk.message()
    assert (shown.state, shown.failure, shown.next_attempt_at) == ("suppressed", None, None)
    assert desk.mailbox.taken == []
    assert await desk.next_due() is None
    ((event, _),) = await desk.published()
    assert isinstance(event, NotificationSuppressed)
    assert (event.notification_id, event.rule, event.kind) == (shown.id, shown.rule, shown.kind)
    assert event.suppressed_at == shown.ended_at
    return shown.rule


async def test_a_client_who_signed_nothing_gets_nothing(desk: Desk, ana: Client) -> None:
    before = metrics.outcomes.labels("missed_session_outreach", "email", "suppressed")
    counted = before._value.get()
    await desk.tell(ana.missed(MONDAY_NOON))
    await desk.dispatch()
    assert await suppressed_by(desk) == "no_consent"
    assert before._value.get() == counted + 1


async def test_a_consent_to_something_else_is_none_to_be_reached(desk: Desk, ana: Client) -> None:
    await desk.tell(ana.agrees(form="treatment"))
    await desk.tell(ana.missed(MONDAY_NOON))
    await desk.dispatch()
    assert await suppressed_by(desk) == "no_consent"


async def test_a_message_planned_before_the_revocation_does_not_go_out_after_it(
    desk: Desk, ana: Client
) -> None:
    consent = ana.agrees()
    await desk.tell(consent)
    await desk.tell(ana.expected(MONDAY_NOON + 2 * DAY))
    await desk.tell(revoked(consent))
    await desk.until_next_due()
    assert await suppressed_by(desk) == "revoked"


async def test_a_consent_that_ended_by_its_event_allows_nothing(desk: Desk, ana: Client) -> None:
    consent = ana.agrees()
    await desk.tell(consent)
    await desk.tell(expired(consent))
    await desk.tell(ana.missed(MONDAY_NOON))
    await desk.dispatch()
    assert await suppressed_by(desk) == "expired"


async def test_a_consent_lapses_after_its_last_day_at_the_site_whether_or_not_that_was_told(
    desk: Desk, ana: Client
) -> None:
    await desk.tell(ana.agrees(expires_on=date(2026, 6, 2)))
    await desk.tell(ana.expected(MONDAY_NOON + 2 * DAY), ana.expected(MONDAY_NOON + 3 * DAY))
    assert await desk.until_next_due() == MONDAY_NOON + DAY
    assert len(desk.mailbox.taken) == 1, "on its last day"
    assert await desk.until_next_due() == MONDAY_NOON + 2 * DAY
    assert len(desk.mailbox.taken) == 1
    assert (await desk.message(state="suppressed")).rule == "expired"


@pytest.mark.parametrize("ways", [[], ["voice"], ["sms", "voice"]])
async def test_a_client_who_agreed_to_other_ways_gets_no_mail(
    desk: Desk, ana: Client, ways: list[str]
) -> None:
    await desk.tell(ana.agrees(channels=ways))
    await desk.tell(ana.missed(MONDAY_NOON))
    await desk.dispatch()
    assert await suppressed_by(desk) == "other_way"


async def test_each_kind_of_message_needs_its_own_use(desk: Desk, ana: Client) -> None:
    await desk.tell(ana.agrees(uses=["appointments"]))
    await desk.tell(ana.expected(MONDAY_NOON + 5 * HOUR))
    await desk.tell(ana.missed(MONDAY_NOON))
    await desk.dispatch()
    assert (await desk.message(kind="session_reminder")).state == "delivered"
    outreach = await desk.message(kind="missed_session_outreach")
    assert (outreach.state, outreach.rule) == ("suppressed", "other_use")


async def test_a_consent_told_before_uses_were_told_allows_none(desk: Desk, ana: Client) -> None:
    await desk.tell(ana.agrees(uses=[]))
    await desk.tell(ana.missed(MONDAY_NOON))
    await desk.dispatch()
    assert await suppressed_by(desk) == "other_use"


def safe(weekday: int, start: str, end: str) -> dict[str, Any]:
    return {"safe_times": [AvailableTime(weekday=weekday, starts_at=start, ends_at=end)]}


async def test_outreach_outside_the_safe_times_waits_for_the_next_one(
    desk: Desk, ana: Client
) -> None:
    await desk.tell(ana.agrees(**safe(3, "09:00", "11:00")))
    await desk.tell(ana.missed(MONDAY_NOON))
    await desk.dispatch()
    assert (await desk.message()).state == "planned"
    assert await desk.until_next_due() == MONDAY_NOON + 2 * DAY - 3 * HOUR
    assert (await desk.message()).state == "delivered"


async def test_safe_times_hold_where_the_client_says(desk: Desk, ana: Client) -> None:
    await desk.tell(ana.agrees(**safe(1, "17:00", "18:00"), time_zone="America/New_York"))
    await desk.tell(ana.missed(MONDAY_NOON))
    await desk.dispatch()
    assert await desk.until_next_due() == MONDAY_NOON + 3 * HOUR


async def test_a_reminder_whose_next_safe_time_comes_after_the_session_is_suppressed(
    desk: Desk, ana: Client
) -> None:
    await desk.tell(ana.agrees(**safe(1, "09:00", "11:00")))
    await desk.tell(ana.expected(MONDAY_NOON + 2 * DAY))
    await desk.until_next_due()
    assert await suppressed_by(desk) == "outside_safe_times"


async def test_a_consent_with_wider_times_is_used_at_once(desk: Desk, ana: Client) -> None:
    await desk.tell(ana.agrees(**safe(5, "09:00", "11:00")))
    await desk.tell(ana.missed(MONDAY_NOON))
    await desk.dispatch()
    await desk.tell(ana.agrees())
    await desk.dispatch()
    assert (await desk.message()).state == "delivered"


async def test_the_latest_consent_takes_the_place_of_the_former_one(
    desk: Desk, ana: Client
) -> None:
    former = ana.agrees()
    await desk.tell(former)
    await desk.tell(ana.agrees(channels=["sms"]))
    await desk.tell(ana.missed(MONDAY_NOON))
    await desk.dispatch()
    assert await suppressed_by(desk) == "other_way"


async def test_the_end_of_a_consent_that_was_replaced_changes_nothing(
    desk: Desk, ana: Client
) -> None:
    former = ana.agrees()
    await desk.tell(former)
    await desk.tell(ana.agrees())
    await desk.tell(revoked(former))
    await desk.tell(ana.missed(MONDAY_NOON))
    await desk.dispatch()
    assert (await desk.message()).state == "delivered"


async def test_a_client_who_signs_again_after_a_revocation_is_reached_again(
    desk: Desk, ana: Client
) -> None:
    former = ana.agrees()
    await desk.tell(former)
    await desk.tell(revoked(former))
    await desk.tell(ana.agrees())
    await desk.tell(ana.missed(MONDAY_NOON))
    await desk.dispatch()
    assert (await desk.message()).state == "delivered"


async def test_a_revocation_between_two_attempts_ends_the_message(desk: Desk, ana: Client) -> None:
    consent = ana.agrees()
    await desk.tell(consent)
    await desk.tell(ana.missed(MONDAY_NOON))
    desk.mailbox.message_answers = ["451 later"]
    await desk.dispatch()
    await desk.tell(revoked(consent))
    await desk.until_next_due()
    assert await suppressed_by(desk) == "revoked"


async def test_a_revocation_while_others_of_the_batch_go_out_is_in_time(
    desk: Desk, ana: Client
) -> None:
    clients = [Client(f"client{n}") for n in range(12)]
    signed = {client.id: client.agrees() for client in clients}
    await desk.tell(*(client.details() for client in clients))
    await desk.tell(*signed.values())
    await desk.tell(*(client.missed(MONDAY_NOON) for client in clients))

    taken_back = asyncio.Event()

    async def take_all_back() -> None:
        desk.mailbox.on_data = wait
        await desk.tell(*(revoked(consent) for consent in signed.values()))
        taken_back.set()

    async def wait() -> None:
        await taken_back.wait()

    desk.mailbox.on_data = take_all_back
    await desk.dispatch()
    assert 1 <= len(desk.mailbox.taken) <= 4, "those that the server was already asked to take"
    rest = await desk.messages(state="suppressed")
    assert len(rest) == 12 - len(desk.mailbox.taken)
    assert {one.rule for one in rest} == {"revoked"}


async def test_a_line_in_the_log_needs_permission_too(desk: Desk, ana: Client) -> None:
    ben = Client("ben")
    await desk.tell(ana.details(channel="log"), ben.details(channel="log"))
    await desk.tell(ben.agrees(channels=[]))
    await desk.tell(ana.missed(MONDAY_NOON), ben.missed(MONDAY_NOON))
    await desk.dispatch()
    assert (await desk.message(client_id=ana.id)).rule == "no_consent"
    assert (await desk.message(client_id=ben.id)).state == "delivered"


async def test_a_suppressed_message_is_not_planned_again(desk: Desk, ana: Client) -> None:
    missed = ana.missed(MONDAY_NOON)
    await desk.tell(missed)
    await desk.dispatch()
    await desk.tell(ana.agrees())
    await desk.tell(missed)
    await desk.dispatch()
    assert await suppressed_by(desk) == "no_consent"


async def test_consents_of_other_sites_do_not_exist(desk: Desk, ana: Client) -> None:
    elsewhere = uuid4()
    await desk.tell(Client("ben", site_id=elsewhere).agrees())
    await desk.tell(ana.enrolled())
    for sites, found in (((elsewhere,), (1, 0)), ((ana.site_id,), (0, 1))):
        async with desk.database.transaction(frozenset(sites)) as tx:
            consents = await tx.fetchval("SELECT count(*) FROM contact_consents")
            assert (consents, await tx.fetchval("SELECT count(*) FROM stays")) == found


async def test_what_was_signed_under_another_record_of_the_person_counts_until_the_undo(
    desk: Desk, ana: Client
) -> None:
    other = Client("ana-again")
    await desk.tell(ana.agrees(granted_at=MONDAY_NOON - 2 * DAY))
    await desk.tell(other.agrees(channels=[], granted_at=MONDAY_NOON - DAY))
    merge = merged(ana.id, other.id, ana.site_id)
    await desk.tell(merge)
    await desk.tell(ana.missed(MONDAY_NOON))
    await desk.dispatch()
    assert await suppressed_by(desk) == "other_way"
    await desk.tell(undone(merge))
    await desk.tell(ana.missed(MONDAY_NOON - HOUR))
    await desk.dispatch()
    assert (await desk.message(state="delivered")).rule is None
