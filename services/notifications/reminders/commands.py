"""Reminders: planned with the session, moved with the recipient's zone, cancelled with the seat."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from services.notifications.contacts.queries import Contact, contacts_of, zone_for
from services.notifications.delivery.commands import (
    PlannedMessage,
    PlannedTimes,
    Seat,
    cancel_messages,
    plan_messages,
    replan,
)
from services.notifications.delivery.queries import untried_of
from services.notifications.timing.policy import timing_policy
from services.notifications.timing.rules import reminder_due
from shared.contracts.scheduling import SessionScheduled
from shared.database import Transaction


def _times(
    site_id: UUID, starts_at: datetime, contact: Contact | None, site_time_zone: str, now: datetime
) -> PlannedTimes:
    """When the reminder is due and when it expires; at once and expired when it is too late.

    It is never too late for a client not heard of yet, who may state another zone in a moment: what
    becomes of such a reminder is decided when it is due.
    """
    policy = timing_policy(site_id)
    due_at = reminder_due(
        starts_at,
        not_before=now,
        zone=zone_for(contact, site_time_zone),
        window=policy.hours,
        rule=policy.reminder_rule,
    )
    if due_at is None:
        return PlannedTimes(now, starts_at if contact is None else now)
    return PlannedTimes(due_at, starts_at)


async def plan_reminders(
    tx: Transaction, scheduled: Sequence[tuple[SessionScheduled, str | None]]
) -> None:
    """Plan a reminder for each session; the second of a pair is the trace that caused it."""
    contacts = await contacts_of(tx, (session.client_id for session, _ in scheduled))
    messages = []
    for session, traceparent in scheduled:
        contact = contacts.get(session.client_id)
        times = _times(session.site_id, session.starts_at, contact, session.time_zone, tx.now)
        messages.append(PlannedMessage.about(session, traceparent, *times))
    await plan_messages(tx, "session_reminder", messages)


async def move_reminders(tx: Transaction, client_id: UUID) -> None:
    """Plan the reminders of a person that have not been tried yet anew, for the zone stated now."""
    contact = (await contacts_of(tx, [client_id])).get(client_id)
    planned = await untried_of(tx, client_id, "session_reminder")
    times = [
        _times(p.site_id, p.session_starts_at, contact, p.site_time_zone, tx.now) for p in planned
    ]
    await replan(tx, planned, times)


async def cancel_reminders(tx: Transaction, seats: Iterable[Seat]) -> None:
    """The clients are not expected any more: reminders that are still planned are cancelled."""
    await cancel_messages(tx, "session_reminder", seats)
