"""Sessions that move: whoever is expected is told the new instant."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.appointments.commands import tell_moved
from services.scheduling.directory.commands import lock_sites
from services.scheduling.sessions.queries import edition_looked_at
from services.scheduling.sessions.rules import instant_of
from shared.database import Transaction
from shared.zones import edition, is_newer

SITES = "SELECT id FROM sites"
TO_COME = """
SELECT id, local_start, time_zone, starts_at FROM sessions
WHERE starts_at > $1 AND not_held_at IS NULL AND local_start IS NOT NULL
"""
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
LOOKED = """
INSERT INTO zone_rules (edition, looked_at) VALUES ($1, $2)
ON CONFLICT (one) DO UPDATE SET edition = excluded.edition, looked_at = excluded.looked_at
"""


async def follow_zone_rules(tx: Transaction) -> int:
    """Give each session to come the instant at which, by today's rules of its zone, the clock on
    the wall shows its time; how many moved. Publishes as `move_sessions` does.

    Once an edition of the rules: a process with an older edition moves nothing back.
    """
    await lock_sites(tx, [row["id"] for row in await tx.fetch(SITES)])
    if not is_newer(edition(), await edition_looked_at(tx)):
        return 0
    to_come = await tx.fetch(TO_COME, tx.now)
    starts = {
        row["id"]: instant_of(
            row["local_start"].date(), row["local_start"].time(), ZoneInfo(row["time_zone"])
        )
        for row in to_come
    }
    apart = {
        row["id"]: starts[row["id"]] for row in to_come if starts[row["id"]] != row["starts_at"]
    }
    await move_sessions(tx, apart)
    await tx.execute(LOOKED, edition(), tx.now)
    return len(apart)


async def move_sessions(tx: Transaction, starts: Mapping[UUID, datetime]) -> None:
    """Begin sessions that are to be held at other instants; they last as long as before.

    Publishes SessionScheduled anew for each client who is expected. Call it while the sites are
    locked, so that nobody is placed in the sessions meanwhile.
    """
    before = {row["id"]: row["starts_at"] for row in await tx.fetch(LOCK, list(starts))}
    later = sorted((one for one in before if starts[one] > before[one]), key=starts.__getitem__)
    earlier = sorted((one for one in before if starts[one] < before[one]), key=starts.__getitem__)
    # Of sessions end to end the one ahead makes room first.
    order = [*reversed(later), *earlier]
    await tx.executemany(MOVE, [(one, starts[one]) for one in order])
    await tx.execute(SPAN, order)
    await tell_moved(tx, {one: before[one] for one in order})
