"""Sessions that move: whoever is expected is told the new instant."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import structlog
from prometheus_client import Counter

from services.scheduling.appointments.commands import Busy, book, free, tell_again
from services.scheduling.directory.commands import lock_site, lock_sites
from services.scheduling.directory.schemas import Site
from services.scheduling.sessions.rules import instant_of
from shared.database import Transaction
from shared.zones import edition, is_newer

log = structlog.get_logger()
not_moved = Counter(
    "stepwell_sessions_not_moved_total",
    "Sessions that kept their instant after a change of zone rules, as others stood in the way.",
)

ALL_OF = """
SELECT min(zone_edition) = $1 AND max(zone_edition) = $1
  AND NOT EXISTS (SELECT FROM sites WHERE zone_edition IS NULL)
FROM sites
"""
"""Read from the ends of an index, however many sites there are: jobs ask after each commit."""
SITES = """
SELECT id, time_zone, zone_edition FROM sites WHERE zone_edition IS DISTINCT FROM $1
ORDER BY time_zone, id
"""
EDITION = "SELECT zone_edition FROM sites WHERE id = $1"
LOOKED = "UPDATE sites SET zone_edition = $2 WHERE id = ANY ($1::uuid[])"
TO_COME = """
SELECT id, coalesce(cohort_id, id) AS cohort_id, local_start, time_zone, starts_at FROM sessions
WHERE site_id = ANY ($1::uuid[]) AND starts_at > $2 AND not_held_at IS NULL
  AND local_start IS NOT NULL
ORDER BY starts_at, id
"""
"""A session without a cohort moves by itself."""
LOCK_TO_COME = """
SELECT id, starts_at FROM sessions
WHERE id = ANY ($1::uuid[]) AND starts_at > $2 AND not_held_at IS NULL
ORDER BY id FOR NO KEY UPDATE
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


async def next_due(tx: Transaction) -> datetime | None:
    """Now, where sessions of a site are to be looked at by this process's edition of the rules."""
    is_behind = not await tx.fetchval(ALL_OF, edition()) and await sites_behind(tx)
    return tx.now if is_behind else None


async def sites_behind(tx: Transaction) -> list[UUID]:
    """All sites of a zone whose sessions are to be looked at; none where there is no such zone."""
    others = await tx.fetch(SITES, edition())
    behind = [row for row in others if is_newer(edition(), row["zone_edition"])]
    return [row["id"] for row in behind if row["time_zone"] == behind[0]["time_zone"]]


async def follow_zone_rules(tx: Transaction) -> int:
    """Give each session to come at the sites of a zone the instant at which, by today's rules, the
    clock on the wall shows its time; how many sites were looked at. All of them move together, so
    that none stands in the way of another; publishes SessionScheduled anew for each client who is
    expected, in the order of the sessions.

    Once an edition of the rules: a process with an older edition moves nothing back. A cohort of
    which a session would overlap one that does not move, of the cohort, its room, its staff or a
    client, keeps its instants, and is logged and counted: plan it anew.
    """
    found = await sites_behind(tx)
    await lock_sites(tx, found)
    sites = [one for one in await sites_behind(tx) if one in found]  # now that they are locked
    moving: dict[UUID, dict[UUID, datetime]] = {}
    for row in await tx.fetch(TO_COME, sites, tx.now):
        wall = row["local_start"]
        zone = ZoneInfo(row["time_zone"])
        starts_at = instant_of(wall.date(), wall.time(), zone)
        shows = row["starts_at"].astimezone(zone).replace(tzinfo=None)
        if starts_at != row["starts_at"] and shows != wall:  # not the second of a time shown twice
            moving.setdefault(row["cohort_id"], {})[row["id"]] = starts_at
    while moving:
        await tx.execute("SAVEPOINT together")
        try:
            await _move(tx, moving)
            break
        except Stuck as stuck:
            await tx.execute("ROLLBACK TO SAVEPOINT together")
            for cohort_id in stuck.cohorts:
                starts = moving.pop(cohort_id)
                not_moved.inc(len(starts))
                log.error("sessions_not_moved", cohort_id=str(cohort_id), sessions=len(starts))
    await tx.execute(LOOKED, sites, edition())
    return len(found)


async def lock_to_plan(tx: Transaction, site_id: UUID, *, pointer: str | None = None) -> Site:
    """Lock a site whose sessions are planned now. They are looked at again if a newer edition of
    the rules did so: these are planned by an older one, as happens while processes are replaced.

    Raises:
        NotFound: no such site that the caller may see.
    """
    site = await lock_site(tx, site_id, pointer=pointer)
    if is_newer(await tx.fetchval(EDITION, site_id) or edition(), edition()):
        await tx.execute(LOOKED, [site_id], edition())
    return site


class Stuck(Exception):
    """Cohorts of which something that does not move is in the way of a session."""

    def __init__(self, cohorts: set[UUID]) -> None:
        self.cohorts = cohorts


async def _move(tx: Transaction, moving: Mapping[UUID, Mapping[UUID, datetime]]) -> None:
    """Begin the sessions of these cohorts at other instants; they last as long as before."""
    starts = {one: at for of in moving.values() for one, at in of.items()}
    rows = await tx.fetch(LOCK_TO_COME, list(starts), tx.now)
    before = {row["id"]: row["starts_at"] for row in rows}
    taken = await free(tx, list(before))
    for cohort_id, of in moving.items():
        later = sorted((one for one in of if of[one] > before[one]), key=of.__getitem__)
        earlier = sorted((one for one in of if of[one] < before[one]), key=of.__getitem__)
        # Of sessions end to end the one ahead makes room first.
        order = (*reversed(later), *earlier)
        try:
            await tx.executemany(MOVE, [(one, of[one]) for one in order])
        except asyncpg.ExclusionViolationError:
            raise Stuck({cohort_id}) from None
    try:
        await book(tx, taken)
    except Busy as busy:
        asked = {one.session_id for one in busy.taken}
        raise Stuck({cohort for cohort, of in moving.items() if asked & of.keys()}) from None
    await tx.execute(SPAN, list(before))
    await tell_again(tx, list(before), before)
