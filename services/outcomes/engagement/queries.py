"""Engagement as it is read."""

from uuid import UUID

from services.outcomes.engagement.schemas import Engagement, EngagementSummary, GroupEngagement
from shared.database import Transaction
from shared.errors import found

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
  g.consecutive_attended, g.consecutive_missed, g.weeks_observed, g.cohort_id, g.sessions_late,
  g.late_minutes, g.last_attended_at, g.days_since_attended, g.week_sessions_attended,
  g.week_sessions_missed, g.week_sessions_excused, g.week_attended_minutes, g.week_missed_minutes,
  g.week_excused_minutes
FROM episodes e JOIN engagement g ON {OF_STAY} WHERE e.enrolment_id = $1
"""  # noqa: S608 - the condition is a constant above
STAY = """
SELECT enrolment_id FROM episodes WHERE client_id = ANY (platform.records_of($1))
ORDER BY ended_at IS NULL DESC, enrolled_at DESC, enrolment_id DESC LIMIT 1
"""
GROUPS = f"""
SELECT g.site_id, CASE WHEN grouping(g.cohort_id) = 0 THEN g.cohort_id END AS cohort_id,
  grouping(g.cohort_id) = 1 AS whole_site, count(*) AS clients,
  sum(g.sessions_attended) AS sessions_attended, sum(g.sessions_missed) AS sessions_missed,
  sum(g.sessions_excused) AS sessions_excused, sum(g.attended_minutes) AS attended_minutes,
  sum(g.attended_minutes + g.missed_minutes + g.excused_minutes) AS planned_minutes,
  coalesce(sum(g.sessions_late), 0) AS sessions_late,
  coalesce(sum(g.week_attended_minutes), 0) AS week_attended_minutes,
  coalesce(sum(g.week_attended_minutes + g.week_missed_minutes + g.week_excused_minutes), 0)
    AS week_planned_minutes
FROM episodes e JOIN engagement g ON {OF_STAY}
WHERE e.ended_at IS NULL AND ($1::uuid IS NULL OR g.site_id = $1)
GROUP BY GROUPING SETS ((g.site_id), (g.site_id, g.cohort_id))
ORDER BY g.site_id, whole_site DESC, g.cohort_id
"""  # noqa: S608 - the condition is a constant above
AWAITING = "SELECT count(*) FROM engagement WHERE attendance_sequence > source_sequence"
"""Clients whose figures do not contain their latest attendance yet."""


async def engagement_of(tx: Transaction, enrolment_id: UUID) -> Engagement | None:
    """The figures of a stay, or None before the first session that counts in it."""
    row = await tx.fetchrow(SHOW, enrolment_id)
    return None if row is None else Engagement(**dict(row))


async def show_engagement(tx: Transaction, client_id: UUID) -> Engagement:
    """The figures of the stay that goes on, else of the latest, by any record of the person.

    Raises:
        NotFound: there are none, or the caller may not see the site.
    """
    stay = found(await tx.fetchval(STAY, client_id), "client in the program")
    return found(await engagement_of(tx, stay), "session of the client that counts")


async def summarize(tx: Transaction, site_id: UUID | None) -> EngagementSummary:
    """The figures of the stays that go on, of each site and of each cohort of it."""
    groups = [GroupEngagement(**dict(row)) for row in await tx.fetch(GROUPS, site_id)]
    return EngagementSummary(groups=groups)
