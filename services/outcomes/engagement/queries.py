"""Engagement as it is read."""

from uuid import UUID

from services.outcomes.engagement.schemas import Engagement
from shared.database import Transaction

OF_CLIENT = """
SELECT source_sequence, window_from, window_until, sessions_attended, sessions_missed,
  sessions_excused, attended_minutes, missed_minutes, excused_minutes, consecutive_attended,
  consecutive_missed, weeks_observed
FROM engagement WHERE client_id = $1 AND source_sequence > 0
"""
AWAITING = "SELECT count(*) FROM engagement WHERE attendance_sequence > source_sequence"


async def engagement_of(tx: Transaction, client_id: UUID) -> Engagement | None:
    """A client's figures, or None before the first session."""
    row = await tx.fetchrow(OF_CLIENT, client_id)
    return None if row is None else Engagement(**dict(row))


async def clients_awaiting_engagement(tx: Transaction) -> int:
    """Clients whose figures do not contain their latest attendance yet."""
    count: int = await tx.fetchval(AWAITING)
    return count
