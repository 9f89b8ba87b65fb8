"""Outreach after a session missed without excuse: once, and soon."""

from collections.abc import Iterable

from services.notifications.contacts.queries import contacts_of, zone_for
from services.notifications.delivery.commands import (
    PlannedMessage,
    Seat,
    cancel_messages,
    plan_messages,
)
from services.notifications.timing.policy import timing_policy
from services.notifications.timing.rules import next_open
from shared.calendar import days_later
from shared.contracts.scheduling import SessionMissed
from shared.database import Transaction


async def plan_outreach(tx: Transaction, missed: SessionMissed, traceparent: str | None) -> None:
    """Reach out at once, or when quiet hours end; at most once for each missed session."""
    policy = timing_policy(missed.site_id)
    contact = (await contacts_of(tx, [missed.client_id])).get(missed.client_id)
    zone = zone_for(contact, missed.time_zone)
    message = PlannedMessage.about(
        missed,
        traceparent,
        due_at=next_open(tx.now, zone, policy.hours),
        expires_at=days_later(missed.starts_at, policy.outreach.timely_days, missed.time_zone),
    )
    await plan_messages(tx, "missed_session_outreach", [message])


async def cancel_outreach(tx: Transaction, seats: Iterable[Seat]) -> None:
    """Sessions not missed without excuse after all: outreach still planned is cancelled."""
    await cancel_messages(tx, "missed_session_outreach", seats)
