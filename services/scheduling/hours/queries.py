"""A client's week, summed."""

from uuid import UUID

from services.scheduling.hours.policy import (
    PROGRAM_LEVEL,
    Population,
    level_hours,
    session_kinds,
)
from services.scheduling.hours.rules import Week, level_of, meets_minimum
from services.scheduling.hours.schemas import WeeklyHours
from shared.database import Transaction
from shared.errors import NotFound

PLACEMENTS = """
SELECT p.site_id, s.time_zone, p.placed_at FROM placements p JOIN sites s ON s.id = p.site_id
WHERE p.client_id = ANY (platform.records_of($1)) ORDER BY p.placed_at DESC, p.id DESC
"""
SUMS = """
SELECT count(*) AS sessions,
  coalesce(sum(extract(epoch FROM s.ends_at - s.starts_at) / 60 - s.break_minutes), 0)::int
    AS planned_minutes,
  coalesce(sum(r.attended_minutes), 0)::int AS attended_minutes
FROM appointments a
JOIN sessions s ON s.id = a.session_id
LEFT JOIN attendance r ON r.session_id = a.session_id AND r.client_id = a.client_id
WHERE a.client_id = ANY (platform.records_of($1)) AND a.site_id = $2 AND a.state = 'scheduled'
  AND s.starts_at >= $3 AND s.starts_at < $4 AND s.kind = ANY ($5::text[])
  AND s.not_held_at IS NULL
  AND (NOT a.on_hold OR coalesce(r.status IN ('present', 'partial'), false))
"""


async def weekly_hours(
    tx: Transaction, client_id: UUID, week: Week, population: Population
) -> WeeklyHours:
    """The planned and attended minutes of a client in one week of the site's calendar.

    A session belongs to the week in which it starts; one that is not held, or that is not attended
    while the stay is on hold, is neither planned nor attended. The site is where the client was
    placed last before the end of the week, or first of all.

    Raises:
        NotFound: when the client was never placed at a site that the caller may see.
    """
    placements = await tx.fetch(PLACEMENTS, client_id)
    if not placements:
        raise NotFound("This client was never placed.")
    site = next(
        (one for one in placements if one["placed_at"] < week.bounds(one["time_zone"])[1]),
        placements[-1],
    )
    starts_at, ends_at = week.bounds(site["time_zone"])
    sums = await tx.fetchrow(
        SUMS,
        client_id,
        site["site_id"],
        starts_at,
        ends_at,
        session_kinds(site["site_id"]).counting,
    )
    assert sums is not None  # an aggregate without GROUP BY always has one row
    policy = level_hours(site["site_id"])
    hours = policy.populations[population]
    planned = sums["planned_minutes"]
    return WeeklyHours(
        client_id=client_id,
        site_id=site["site_id"],
        week=str(week),
        time_zone=site["time_zone"],
        starts_at=starts_at,
        ends_at=ends_at,
        **dict(sums),
        level=PROGRAM_LEVEL,
        minimum_minutes=hours.minimum_minutes[PROGRAM_LEVEL],
        meets_level_minimum=meets_minimum(planned, PROGRAM_LEVEL, hours.minimum_minutes),
        level_of_planned_minutes=level_of(planned, hours.minimum_minutes),
        policy_version=f"{policy.id} {policy.version}",
        source=hours.source,
    )
