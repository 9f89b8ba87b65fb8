"""Sessions that move: whoever is expected is told the new instant."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import orjson
import structlog

from services.scheduling.appointments.commands import tell_again
from services.scheduling.bookings.commands import Busy, book, free
from services.scheduling.directory.commands import lock_sites
from services.scheduling.sessions import metrics
from services.scheduling.sessions.rules import instant_of, plan_sessions
from services.scheduling.sessions.schemas import Slot
from shared.database import Transaction
from shared.zones import edition, is_newer

log = structlog.get_logger()

ALL_OF = """
SELECT min(zone_edition) = $1 AND max(zone_edition) = $1
  AND NOT EXISTS (SELECT FROM sites WHERE zone_edition IS NULL)
FROM sites
"""
"""Read from the ends of an index, however many sites there are: jobs ask after each commit."""
EDITIONS = "SELECT DISTINCT zone_edition FROM sites"
SITES = "SELECT id, zone_edition FROM sites WHERE zone_edition IS DISTINCT FROM $1 ORDER BY id"
EDITION = "SELECT zone_edition FROM sites WHERE id = $1"
LOOKED = "UPDATE sites SET zone_edition = $2 WHERE id = $1"
WITHOUT = """
SELECT c.starts_on, c.weeks, c.slots, i.time_zone,
  array_agg(s.id ORDER BY s.starts_at, s.id) AS sessions
FROM sessions s JOIN curricula c ON c.id = s.curriculum_id JOIN sites i ON i.id = s.site_id
WHERE s.site_id = $1 GROUP BY c.id, i.id HAVING bool_or(s.local_start IS NULL)
"""
FILL = """
UPDATE sessions s SET local_start = g.local_start
FROM unnest($1::uuid[], $2::timestamp[]) AS g(id, local_start)
WHERE s.id = g.id AND s.local_start IS NULL
"""
TO_COME = """
SELECT id, coalesce(cohort_id, id) AS cohort_id, local_start, time_zone, starts_at FROM sessions
WHERE site_id = $1 AND starts_at > $2 AND not_held_at IS NULL AND local_start IS NOT NULL
ORDER BY 2
"""
"""A session without a cohort moves by itself."""
LOCK = """
SELECT id, starts_at FROM sessions
WHERE id = ANY ($1::uuid[]) AND not_held_at IS NULL ORDER BY id FOR NO KEY UPDATE
"""
MOVE = """
UPDATE sessions SET starts_at = $2, ends_at = ends_at + ($2::timestamptz - starts_at),
  version = version + 1
WHERE id = $1
"""
SPAN = """
UPDATE curricula c SET first_starts_at = s.first, last_ends_at = s.last
FROM (
  SELECT curriculum_id, min(starts_at) AS first, max(ends_at) AS last FROM sessions
  WHERE curriculum_id IN (SELECT curriculum_id FROM sessions WHERE id = ANY ($1::uuid[]))
  GROUP BY curriculum_id
) AS s
WHERE c.id = s.curriculum_id
"""


async def is_behind(tx: Transaction) -> bool:
    """Whether the sessions of a site are to be looked at by this process's edition of the rules."""
    if await tx.fetchval(ALL_OF, edition()):
        return False
    return any(is_newer(edition(), row["zone_edition"]) for row in await tx.fetch(EDITIONS))


async def next_site_behind(tx: Transaction) -> UUID | None:
    """A site whose sessions are to be looked at; None where there is none."""
    for row in await tx.fetch(SITES, edition()):
        if is_newer(edition(), row["zone_edition"]):
            site_id: UUID = row["id"]
            return site_id
    return None


async def follow_zone_rules(tx: Transaction, site_id: UUID) -> int:
    """Give each session to come at a site the instant at which, by today's rules of its zone, the
    clock on the wall shows its time; how many moved. Publishes as `move_sessions` does.

    Once an edition of the rules: a process with an older edition moves nothing back. A cohort of
    which a session would overlap another one of the cohort, its room, its staff or a client keeps
    its instants, and is logged and counted: plan it anew.
    """
    await lock_sites(tx, [site_id])
    if not is_newer(edition(), await tx.fetchval(EDITION, site_id)):
        return 0
    await _fill(tx, site_id)
    apart: dict[UUID, dict[UUID, datetime]] = {}
    for row in await tx.fetch(TO_COME, site_id, tx.now):
        wall = row["local_start"]
        zone = ZoneInfo(row["time_zone"])
        starts_at = instant_of(wall.date(), wall.time(), zone)
        shows = row["starts_at"].astimezone(zone).replace(tzinfo=None)
        if starts_at != row["starts_at"] and shows != wall:  # not the second of a time shown twice
            apart.setdefault(row["cohort_id"] or row["id"], {})[row["id"]] = starts_at
    moved = 0
    for cohort_id, starts in apart.items():
        await tx.execute("SAVEPOINT cohort")
        try:
            await move_sessions(tx, starts)
        except (asyncpg.ExclusionViolationError, Busy):
            await tx.execute("ROLLBACK TO SAVEPOINT cohort")
            metrics.not_moved.inc(len(starts))
            log.error("sessions_not_moved", cohort_id=str(cohort_id), sessions=len(starts))
        else:
            await tx.execute("RELEASE SAVEPOINT cohort")
            moved += len(starts)
    await tx.execute(LOOKED, site_id, edition())
    return moved


async def plan_by_own_edition(tx: Transaction, site_id: UUID) -> None:
    """Let the sessions of a site be looked at again if a newer edition did so: those that are now
    planned are planned by an older one, as happens while processes are replaced."""
    if is_newer(await tx.fetchval(EDITION, site_id) or edition(), edition()):
        await tx.execute(LOOKED, site_id, edition())


async def move_sessions(tx: Transaction, starts: Mapping[UUID, datetime]) -> None:
    """Begin sessions that are to be held at other instants; they last as long as before.

    Publishes SessionScheduled anew for each client who is expected. Call it while the site is
    locked, so that nobody is placed in the sessions meanwhile.

    Raises:
        Busy: a room, a person or a client is taken then.
    """
    before = {row["id"]: row["starts_at"] for row in await tx.fetch(LOCK, list(starts))}
    later = sorted((one for one in before if starts[one] > before[one]), key=starts.__getitem__)
    earlier = sorted((one for one in before if starts[one] < before[one]), key=starts.__getitem__)
    # Of sessions end to end the one ahead makes room first.
    order = [*reversed(later), *earlier]
    taken = await free(tx, order)
    await tx.executemany(MOVE, [(one, starts[one]) for one in order])
    await book(tx, taken)
    await tx.execute(SPAN, order)
    await tell_again(tx, order, before)


async def _fill(tx: Transaction, site_id: UUID) -> None:
    """Say of sessions that were planned before it was kept what the clock on the wall shows."""
    for row in await tx.fetch(WITHOUT, site_id):
        slots = [Slot(**slot).on_wall_clock for slot in orjson.loads(row["slots"])]
        planned = plan_sessions(row["starts_on"], row["weeks"], slots, row["time_zone"])
        if len(planned) == len(row["sessions"]):
            await tx.execute(FILL, row["sessions"], [one.local_start for one in planned])
