"""Telling clients at once that a session will not take place."""

from collections.abc import Sequence

from services.notifications.contacts.queries import contacts_of, zone_for
from services.notifications.delivery.commands import (
    PlannedMessage,
    cancel_messages,
    plan_messages,
)
from services.notifications.timing.policy import timing_policy
from services.notifications.timing.rules import next_open
from shared.contracts.scheduling import SessionNotHeld
from shared.database import Transaction


async def tell_not_held(
    tx: Transaction, not_held: Sequence[tuple[SessionNotHeld, str | None]]
) -> None:
    """Withdraw what was planned for sessions, and tell the clients of those that are still to come.

    The second of a pair is the trace that caused it. From the start of the session on a message is
    of no use.
    """
    seats = [(session.client_id, session.session_id) for session, _ in not_held]
    await cancel_messages(tx, "session_reminder", seats)
    await cancel_messages(tx, "missed_session_outreach", seats)
    contacts = await contacts_of(tx, (client_id for client_id, _ in seats))
    messages = []
    for session, traceparent in not_held:
        if session.starts_at <= tx.now:
            continue
        zone = zone_for(contacts.get(session.client_id), session.time_zone)
        opens = next_open(tx.now, zone, timing_policy(session.site_id).hours)
        due_at = min(opens, session.starts_at)
        messages.append(PlannedMessage.about(session, traceparent, due_at, session.starts_at))
    await plan_messages(tx, "session_not_held", messages)
