"""Closing a site for some days: what it would come to, and working it off day by day."""

from datetime import datetime
from uuid import UUID

from services.scheduling.directory.commands import lock_site, tell_days
from services.scheduling.directory.queries import show_site
from services.scheduling.directory.schemas import Site
from services.scheduling.hours.policy import session_kinds
from services.scheduling.hours.queries import least_minutes
from services.scheduling.sessions import schemas
from services.scheduling.sessions.cancelling import not_hold
from services.scheduling.sessions.changing import TimeIsPast
from services.scheduling.sessions.rules import day_bounds
from shared.calendar import Week, day_at
from shared.contracts.scheduling import ClosedDay
from shared.database import Transaction, insert, select
from shared.errors import found
from shared.ids import new_id

TO_BE_HELD = """
SELECT id, starts_at, ends_at, break_minutes FROM sessions
WHERE site_id = $1 AND starts_at >= $2 AND starts_at < $3 AND starts_at > $4
  AND not_held_at IS NULL
ORDER BY starts_at, id
"""
COUNTED = f"""
WITH minutes AS (
  SELECT id, extract(epoch FROM ends_at - starts_at) / 60 - break_minutes AS own
  FROM ({TO_BE_HELD}) AS t
)
SELECT (SELECT count(*) FROM minutes) AS sessions,
  (SELECT coalesce(sum(own), 0)::int FROM minutes) AS session_minutes,
  coalesce(sum(own), 0)::int AS client_minutes,
  coalesce(array_agg(DISTINCT platform.survivor_of(a.client_id)), '{{}}') AS clients
FROM minutes JOIN appointments a ON a.session_id = minutes.id AND a.state = 'scheduled'
"""  # noqa: S608 - the part is ours
WEEKS = """
SELECT one.client_id, date_trunc('week', s.starts_at AT TIME ZONE $5)::date AS monday,
  sum(minutes)::int AS planned_minutes,
  coalesce(sum(minutes) FILTER (WHERE NOT hit), 0)::int AS remaining_minutes,
  max((c.phases -> (p.phase - 1) ->> 'minimum_minutes')::int) AS minimum_minutes,
  $1 AS site_id, (array_agg(c.eligibility ORDER BY p.placed_at DESC))[1] AS eligibility
FROM unnest($7::uuid[]) AS one(client_id)
JOIN appointments a ON a.client_id = ANY (platform.records_of(one.client_id))
  AND a.state = 'scheduled' AND NOT a.on_hold
JOIN sessions s ON s.id = a.session_id AND s.not_held_at IS NULL AND s.kind = ANY ($6::text[])
JOIN placements p ON p.id = a.placement_id
JOIN cohorts c ON c.id = p.cohort_id
CROSS JOIN LATERAL (SELECT
  extract(epoch FROM s.ends_at - s.starts_at) / 60 - s.break_minutes AS minutes,
  s.site_id = $1 AND s.starts_at >= $2 AND s.starts_at < $3 AND s.starts_at > $4 AS hit) AS m
WHERE s.starts_at >= $8 AND s.starts_at < $9
GROUP BY 1, 2 ORDER BY 2, 1
"""
CLOSE = """
INSERT INTO closed_days (site_id, day, name, kind)
SELECT $1, day::date, $4, 'closure' FROM generate_series($2::date, $3::date, '1 day') AS day
ON CONFLICT DO NOTHING RETURNING day, name, kind
"""
CLOSURE = f"{select(schemas.SiteClosure, 'site_closures')} WHERE id = $1"
NEXT_ENTERED = "SELECT min(entered_at) FROM site_closures WHERE finished_at IS NULL"
NEXT = """
SELECT id, site_id FROM site_closures WHERE finished_at IS NULL ORDER BY entered_at, id LIMIT 1
"""
WORKED_OFF = """
UPDATE site_closures SET sessions_done = sessions - $2, finished_at = $3 WHERE id = $1
"""
"""Done are all that are not left, also those that another closure or somebody took meanwhile."""


async def show_closure_preview(
    tx: Transaction, new: schemas.NewSiteClosure
) -> schemas.ClosurePreview:
    """What a closure would come to, and whose weeks would have too few hours by it.

    Raises:
        NotFound: no such site that the caller may see.
        TimeIsPast: it would begin before today.
    """
    site = await show_site(tx, new.site_id, pointer="/site_id")
    span = _span(new, site, tx.now)
    (counts,) = await tx.fetch(COUNTED, site.id, *span, tx.now)
    weeks = [Week.of(instant, site.time_zone).bounds(site.time_zone) for instant in span]
    counting, clients = session_kinds(site.id).counting, counts["clients"]
    bounds = weeks[0][0], weeks[1][1]
    where = (site.id, *span, tx.now, site.time_zone)
    rows = await tx.fetch(WEEKS, *where, counting, clients, *bounds)
    short = [
        schemas.ShortWeek(**{**row, "minimum_minutes": minimum}, week=str(Week(row["monday"])))
        for row in map(dict, rows)
        if row["planned_minutes"] >= (minimum := row["minimum_minutes"] or least_minutes(row))
        and row["remaining_minutes"] < minimum
    ]
    given = {**counts, "clients": len(counts["clients"])}
    return schemas.ClosurePreview(site_id=site.id, **given, short_weeks=short)


async def add_site_closure(tx: Transaction, new: schemas.NewSiteClosure) -> schemas.SiteClosure:
    """Close a site for some days: from now on nothing is planned for them, and a job says of their
    sessions that they are not held, a day at a time. Publishes ClosedDaysChanged.

    Raises:
        NotFound: no such site that the caller may see.
        TimeIsPast: it would begin before today.
    """
    site = await lock_site(tx, new.site_id, pointer="/site_id")
    span = _span(new, site, tx.now)
    rows = await tx.fetch(CLOSE, site.id, new.first_day, new.last_day, new.reason)
    if closed := [ClosedDay(**row) for row in rows]:
        tell_days(tx, site.id, closed=closed)
    sessions = await tx.fetch(TO_BE_HELD, site.id, *span, tx.now)
    counts = {"sessions": len(sessions), "sessions_done": 0}
    times = {"entered_at": tx.now, "finished_at": None}
    closure = schemas.SiteClosure(id=new_id(), **new.model_dump(), **counts, **times)
    await tx.execute(*insert("site_closures", closure.model_dump()))
    tx.wake()
    return closure


async def show_site_closure(tx: Transaction, closure_id: UUID) -> schemas.SiteClosure:
    """A closure and its progress.

    Raises:
        NotFound: none that the caller may see.
    """
    return schemas.SiteClosure.from_row(found(await tx.fetchrow(CLOSURE, closure_id), "closure"))


async def close_next_day(tx: Transaction) -> int:
    """Say of the sessions of the next day of a closure that they are not held; 0 when no closure is
    left. Each day is one transaction: whatever dies, everybody is told once.

    Publishes SessionNotHeld for each client who was expected.
    """
    row = await tx.fetchrow(NEXT)
    if row is None:
        return 0
    site = await lock_site(tx, row["site_id"])
    closure = await show_site_closure(tx, row["id"])
    if closure.finished_at is not None:
        return 1
    span = day_bounds(closure.first_day, site.time_zone, closure.last_day)
    left = await tx.fetch(TO_BE_HELD, site.id, *span, closure.entered_at)
    days = [day_at(one["starts_at"], site.time_zone) for one in left]
    day = [one["id"] for one, its in zip(left, days, strict=True) if its == days[0]]
    await not_hold(tx, day, closure.reason)
    remaining = len(left) - len(day)
    await tx.execute(WORKED_OFF, closure.id, remaining, None if remaining else tx.now)
    return 1


def _span(new: schemas.NewSiteClosure, site: Site, now: datetime) -> tuple[datetime, datetime]:
    if new.first_day < day_at(now, site.time_zone):
        raise TimeIsPast("Give today or a day to come.", pointer="/first_day")
    return day_bounds(new.first_day, site.time_zone, new.last_day)
