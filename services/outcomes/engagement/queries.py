"""Engagement as it is read."""

from uuid import UUID

from services.outcomes.engagement.schemas import Engagement
from shared.database import Transaction

OF_STAY = """
e.client_id = g.client_id AND g.source_sequence > 0
  AND g.sessions_attended + g.sessions_missed + g.sessions_excused > 0
  AND (g.enrolment_id = e.enrolment_id OR (g.enrolment_id IS NULL
    AND g.window_from >= e.enrolled_at AND (e.ended_at IS NULL OR g.window_until <= e.ended_at)))
"""
"""Whether figures are those of an episode. Figures that name no stay are of it when all their four
weeks lie in it; figures of which nothing counts are none."""
SHOW = f"""
SELECT g.source_sequence, g.window_from, g.window_until, g.sessions_attended, g.sessions_missed,
  g.sessions_excused, g.attended_minutes, g.missed_minutes, g.excused_minutes,
  g.consecutive_attended, g.consecutive_missed, g.weeks_observed
FROM episodes e JOIN engagement g ON {OF_STAY} WHERE e.enrolment_id = $1
"""  # noqa: S608 - the condition is a constant above
AWAITING = "SELECT count(*) FROM engagement WHERE attendance_sequence > source_sequence"


async def engagement_of(tx: Transaction, enrolment_id: UUID) -> Engagement | None:
    """The figures of a stay, or None before the first session that counts in it."""
    row = await tx.fetchrow(SHOW, enrolment_id)
    return None if row is None else Engagement(**dict(row))


async def clients_awaiting_engagement(tx: Transaction) -> int:
    """Clients whose figures do not contain their latest attendance yet."""
    count: int = await tx.fetchval(AWAITING)
    return count
