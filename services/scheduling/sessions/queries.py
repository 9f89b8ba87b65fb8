"""Curricula and sessions as they are read."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.appointments.queries import ASSIGNED
from services.scheduling.directory.queries import show_site
from services.scheduling.hours.policy import session_kinds
from services.scheduling.hours.queries import least_minutes
from services.scheduling.sessions import rules, schemas
from shared.calendar import Week
from shared.database import Record, Transaction, at_all_sites, select
from shared.errors import Invalid, found
from shared.web import CountedPage, Page, Paging, count_of, narrowed, page, page_of

CURRICULUM = """
SELECT *, (SELECT eligibility FROM cohorts WHERE id = cohort_id) AS eligibility FROM curricula
"""
ONE_CURRICULUM = CURRICULUM + "WHERE cohort_id = $1 AND id = $2"
SESSION = f"""
SELECT s.*, assigned.*, r.join_url, c.*
FROM ({{found}}) AS s {ASSIGNED} LEFT JOIN rooms r ON r.id = assigned.room_id
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE held) AS expected, count(status) FILTER (WHERE held) AS recorded,
    count(*) FILTER (WHERE held AND came) AS present,
    count(*) FILTER (WHERE held AND status IS NOT NULL AND NOT came AND NOT on_hold) AS missed,
    count(*) FILTER (WHERE held AND NOT came AND on_hold) AS on_hold,
    count(*) FILTER (WHERE NOT held) AS not_held
  FROM (
    SELECT s.not_held_at IS NULL AS held, a.on_hold, r.status,
      coalesce(r.status IN ('present', 'partial'), false) AS came
    FROM appointments a LEFT JOIN attendance r USING (session_id, client_id)
    WHERE a.session_id = s.id AND a.state = 'scheduled'
  ) AS roster
) AS c
ORDER BY s.starts_at, s.id
"""  # noqa: S608 - the part is ours
"""Counted for the sessions of the page alone."""
CONFLICTS = """
WITH s AS (
  SELECT * FROM sessions WHERE starts_at > $1 AND {of} = $2 AND not_held_at IS NULL
), seats AS MATERIALIZED (
  SELECT p.client_id, p.cohort_id, p.phase, platform.records_of(p.client_id) AS records
  FROM placements p WHERE p.cohort_id IN (SELECT cohort_id FROM s) AND p.ended_at IS NULL
), meant AS (
  SELECT s.*, p.client_id, p.records FROM s JOIN seats p
    ON p.cohort_id = s.cohort_id AND (s.phases IS NULL OR p.phase = ANY (s.phases))
  UNION ALL
  SELECT s.*, a.client_id, platform.records_of(a.client_id)
  FROM s JOIN appointments a ON a.session_id = s.id AND a.state = 'scheduled'
  WHERE s.cohort_id IS NULL
)
SELECT m.client_id, m.id AS session_id, m.cohort_id, m.starts_at, m.ends_at, e.expected,
  b.session_id AS other_session_id, b.site_id, lower(b.during) AS other_starts_at,
  upper(b.during) AS other_ends_at
FROM meant m CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM appointments a WHERE a.session_id = m.id
  AND a.client_id = m.client_id AND a.state = 'scheduled') AS expected) AS e
JOIN bookings b ON b.resource_id = ANY (m.records) AND b.kind = 'client'
  AND b.during && tstzrange(m.starts_at, m.ends_at)
  AND (b.session_id, b.resource_id) <> (m.id, m.client_id)
  AND NOT (e.expected AND b.resource_id = m.client_id)
ORDER BY m.starts_at, m.id, m.client_id LIMIT 200
"""
"""Of whoever has a seat in the cohort, or is expected at a session of their own."""
TO_BE_HELD = """
SELECT id, starts_at, (extract(epoch FROM ends_at - starts_at) / 60 - break_minutes)::int AS minutes
FROM sessions WHERE site_id = $1 AND starts_at >= $2 AND starts_at < $3
  AND ($4::timestamptz IS NULL OR starts_at > $4) AND not_held_at IS NULL
ORDER BY starts_at, id
"""
WHO = """
SELECT coalesce(sum(given.minutes), 0)::int AS client_minutes,
  coalesce(array_agg(DISTINCT platform.survivor_of(a.client_id)), '{}') AS clients
FROM unnest($1::uuid[], $2::integer[]) AS given(id, minutes)
JOIN appointments a ON a.session_id = given.id AND a.state = 'scheduled'
"""
WEEKS = """
SELECT one.client_id, date_trunc('week', s.starts_at AT TIME ZONE $2)::date AS monday,
  sum(minutes)::int AS planned_minutes,
  coalesce(sum(minutes) FILTER (WHERE NOT s.id = ANY ($3::uuid[])), 0)::int AS remaining_minutes,
  max((c.phases -> (p.phase - 1) ->> 'minimum_minutes')::int) AS minimum_minutes,
  $1::uuid AS site_id, (array_agg(c.eligibility ORDER BY p.placed_at DESC))[1] AS eligibility
FROM unnest($4::uuid[]) AS one(client_id)
JOIN appointments a ON a.client_id = ANY (platform.records_of(one.client_id))
  AND a.state = 'scheduled' AND NOT a.on_hold
JOIN sessions s ON s.id = a.session_id AND s.not_held_at IS NULL AND s.kind = ANY ($5::text[])
JOIN placements p ON p.id = a.placement_id JOIN cohorts c ON c.id = p.cohort_id
CROSS JOIN LATERAL (
  SELECT extract(epoch FROM s.ends_at - s.starts_at) / 60 - s.break_minutes AS minutes) AS m
WHERE s.starts_at >= $6 AND s.starts_at < $7
GROUP BY 1, 2 ORDER BY 2, 1
"""
CLOSURE = f"{select(schemas.SiteClosure, 'site_closures')} WHERE id = $1"
Whose = Literal["id", "cohort_id", "site_id"]
ROWS = "SELECT * FROM sessions"
SESSIONS_BY_ID = SESSION.format(found=f"{ROWS} WHERE id = ANY ($1::uuid[])")


class SiteNeeded(Invalid, title="Name a site"):
    """A day is one of a site's calendar."""


class SessionPaging(Paging):
    """Where a page of sessions starts: after a start and an id."""

    beginning = None, UUID(int=0)

    @staticmethod
    def read(text: str) -> tuple[datetime, UUID]:
        starts_at, _, session_id = text.partition(" ")
        return datetime.fromisoformat(starts_at).astimezone(UTC), UUID(session_id)

    @staticmethod
    def written(place: tuple[datetime, UUID]) -> str:
        return f"{place[0].isoformat()} {place[1]}"


async def show_curriculum(
    tx: Transaction, cohort_id: UUID, curriculum_id: UUID
) -> schemas.Curriculum:
    """One curriculum of a cohort.

    Raises:
        NotFound: when there is none that the caller may see.
    """
    row = found(await tx.fetchrow(ONE_CURRICULUM, cohort_id, curriculum_id), "curriculum")
    return _curriculum(row, await conflicts_of(tx, "cohort_id", cohort_id))


async def list_curricula(
    tx: Transaction, cohort_id: UUID, paging: Paging
) -> Page[schemas.Curriculum]:
    """The curricula of a cohort, oldest first."""
    conflicts = await conflicts_of(tx, "cohort_id", cohort_id)
    read = partial(_curriculum, conflicts=conflicts)
    return await page(tx, CURRICULUM, paging, read, ("cohort_id = ?", cohort_id))


async def show_session(tx: Transaction, session_id: UUID) -> schemas.Session:
    """One session.

    Raises:
        NotFound: when there is none that the caller may see.
    """
    sessions = await sessions_by_id(tx, [session_id])
    return found(next(iter(sessions), None), "session")


async def sessions_by_id(tx: Transaction, session_ids: Sequence[UUID]) -> list[schemas.Session]:
    """These sessions in the order of their start; those that there are not are left out."""
    return [_session(row) for row in await tx.fetch(SESSIONS_BY_ID, session_ids)]


async def list_sessions(
    tx: Transaction, paging: SessionPaging, asked: schemas.AskedSessions
) -> CountedPage[schemas.Session]:
    """Sessions by their start.

    Raises:
        SiteNeeded: a day without a site.
        NotFound: a day at a site that the caller may not see.
    """
    of_day: tuple[datetime | None, datetime | None] = None, None
    if asked.day is not None:
        if asked.site_id is None:
            raise SiteNeeded("Name the site whose day it is.", pointer="site_id")
        site = await show_site(tx, asked.site_id, pointer="site_id")
        of_day = rules.day_bounds(asked.day, site.time_zone)
    conditions = (
        ("site_id = ?", asked.site_id),
        ("cohort_id = ?", asked.cohort_id),
        ("starts_at >= ? AND starts_at < ?", *of_day),
        ("starts_at >= ?", asked.starting_from),
        ("starts_at < ?", asked.starting_before),
    )
    all_of_them, values = narrowed(*conditions)
    count = await tx.fetchval(count_of(f"{ROWS} {all_of_them}"), *values)
    where, values = narrowed(*conditions, ("(starts_at, id) > (?, ?)", *paging.after))
    some = SESSION.format(found=f"{ROWS} {where} ORDER BY starts_at, id LIMIT ${len(values) + 1}")
    sessions = [_session(row) for row in await tx.fetch(some, *values, paging.limit + 1)]
    part = page_of(sessions, paging.limit, lambda one: paging.written((one.starts_at, one.id)))
    return CountedPage(**dict(part), count=count)


async def show_scheduled(tx: Transaction, session_id: UUID) -> schemas.ScheduledSession:
    """A session as it was changed or added."""
    session = await show_session(tx, session_id)
    conflicts = await conflicts_of(tx, "id", session_id)
    return schemas.ScheduledSession(**session.model_dump(), conflicts=conflicts)


async def list_conflicts(tx: Transaction, site_id: UUID) -> schemas.Conflicts:
    """The clients who are not expected at sessions to come of their cohorts at a site, because of
    another session at the time; the next 200.

    Raises:
        NotFound: no such site that the caller may see.
    """
    await show_site(tx, site_id, pointer="site_id")
    return schemas.Conflicts(site_id=site_id, items=await conflicts_of(tx, "site_id", site_id))


async def conflicts_of(tx: Transaction, of: Whose, id_: UUID) -> list[schemas.Conflict]:
    """Those of a session, a cohort or a site that the caller may see. The other session may be
    anywhere."""
    async with at_all_sites(tx):
        rows = await tx.fetch(CONFLICTS.format(of=of), tx.now, id_)
    hidden = {"other_session_id": None}
    shown = ({**row, **({} if tx.may_see(row["site_id"]) else hidden)} for row in rows)
    return [schemas.Conflict.from_row(row) for row in shown]


async def preview_closure(tx: Transaction, new: schemas.NewSiteClosure) -> schemas.ClosurePreview:
    """What a closure would come to, and whose weeks would have too few hours by it.

    Raises:
        NotFound: no such site that the caller may see.
        TimeIsPast: it would begin before today.
    """
    site = await show_site(tx, new.site_id, pointer="/site_id")
    span = rules.days_to_come(new.first_day, new.last_day, site.time_zone, tx.now)
    held = await tx.fetch(TO_BE_HELD, site.id, *span, tx.now)
    ids, minutes = [one["id"] for one in held], [one["minutes"] for one in held]
    (who,) = await tx.fetch(WHO, ids, minutes)
    first, last = (Week.of(one, site.time_zone).bounds(site.time_zone) for one in span)
    what = ids, who["clients"], session_kinds(site.id).counting
    rows = await tx.fetch(WEEKS, site.id, site.time_zone, *what, first[0], last[1])
    short = [
        schemas.ShortWeek(**{**row, "minimum_minutes": minimum}, week=str(Week(row["monday"])))
        for row in map(dict, rows)
        if row["planned_minutes"] >= (minimum := row["minimum_minutes"] or least_minutes(row))
        and row["remaining_minutes"] < minimum
    ]
    counts = {"sessions": len(ids), "clients": len(who["clients"]), "session_minutes": sum(minutes)}
    given = {**counts, "client_minutes": who["client_minutes"], "short_weeks": short}
    return schemas.ClosurePreview(site_id=site.id, **given)


async def show_site_closure(tx: Transaction, closure_id: UUID) -> schemas.SiteClosure:
    """A closure and its progress.

    Raises:
        NotFound: none that the caller may see.
    """
    return schemas.SiteClosure.from_row(found(await tx.fetchrow(CLOSURE, closure_id), "closure"))


def _curriculum(row: Record, conflicts: list[schemas.Conflict]) -> schemas.Curriculum:
    enough = row["weekly_minutes"] >= least_minutes(dict(row))
    shown = {"conflicts": conflicts, "meets_level_minimum": enough}
    return schemas.Curriculum.from_row({**row, **shown})


def _session(row: Record) -> schemas.Session:
    local = row["starts_at"].astimezone(ZoneInfo(row["time_zone"]))
    length = int((row["ends_at"] - row["starts_at"]).total_seconds()) // 60
    week = str(Week.of(row["starts_at"], row["time_zone"]))
    clock = {"local_date": local.date(), "local_start": f"{local:%H:%M}", "week": week}
    roster, minutes = schemas.RosterCounts.from_row(row), length - row["break_minutes"]
    shown = {**row, **clock, "roster": roster, "scheduled_minutes": minutes}
    return schemas.Session.from_row(shown)
