"""The job that records who did not come, where a site wants that it happens by itself."""

from datetime import datetime, timedelta
from uuid import UUID

from services.scheduling.attendance.check_ins import SESSION, record_unrecorded
from services.scheduling.attendance.policy import attendance_policy
from shared.database import Transaction
from shared.jobs import Job

NEXT = """
FROM unnest($1::uuid[], $2::interval[]) AS g(site_id, minutes)
JOIN no_show_marks m ON m.site_id = g.site_id CROSS JOIN LATERAL (
  SELECT ends_at FROM sessions s
  WHERE s.site_id = g.site_id AND s.ends_at > m.looked_until ORDER BY ends_at LIMIT 1
) AS e
"""
"""One probe of an index a site: jobs ask after each commit."""
DUE = f"""
SELECT CASE WHEN ARRAY(SELECT site_id FROM no_show_marks ORDER BY site_id) <> $1 THEN $3
  ELSE (SELECT min(e.ends_at + g.minutes) {NEXT}) END
"""  # noqa: S608 - the part is above
FORGET = "DELETE FROM no_show_marks WHERE NOT site_id = ANY ($1::uuid[])"
BEGIN = """
INSERT INTO no_show_marks (site_id, looked_until)
SELECT site_id, $3::timestamptz - minutes
FROM unnest($1::uuid[], $2::interval[]) AS g(site_id, minutes) ON CONFLICT DO NOTHING
"""
TAKE = f"""
SELECT m.site_id, m.looked_until, g.minutes {NEXT}
WHERE e.ends_at > m.looked_until AND e.ends_at <= $3::timestamptz - g.minutes
ORDER BY m.site_id LIMIT 1 FOR UPDATE OF m SKIP LOCKED
"""
OVER = """
SELECT id, ends_at FROM sessions
WHERE site_id = $1 AND ends_at > $2 AND ends_at <= $3 ORDER BY ends_at, id
"""
LOOKED = "UPDATE no_show_marks SET looked_until = $2 WHERE site_id = $1"


async def next_due(tx: Transaction) -> datetime | None:
    """When the next session of a site that wants it has been over for long enough; now, where a
    site begins or ceases to want it."""
    found: datetime | None = await tx.fetchval(DUE, *await _wanted(tx), tx.now)
    return found


async def look(tx: Transaction) -> int:
    """Record who did not come to one site's sessions of at most a day; 0 once all are looked at.

    A site begins with sessions that are not yet over for so long when it is first looked at.
    """
    sites, minutes = await _wanted(tx)
    await tx.execute(FORGET, sites)
    await tx.execute(BEGIN, sites, minutes, tx.now)
    if (site := await tx.fetchrow(TAKE, sites, minutes, tx.now)) is None:
        return 0
    rows = await tx.fetch(OVER, site["site_id"], site["looked_until"], tx.now - site["minutes"])
    until = min(rows[0]["ends_at"] + timedelta(days=1), rows[-1]["ends_at"])
    for row in rows:
        if row["ends_at"] <= until:
            session = await tx.fetchrow(SESSION, row["id"])
            if session is not None and session["not_held_at"] is None:
                await record_unrecorded(tx, session, None)
    await tx.execute(LOOKED, site["site_id"], until)
    return 1


async def _wanted(tx: Transaction) -> tuple[list[UUID], list[timedelta]]:
    """The sites that want it, and after how long."""
    asked = (attendance_policy(), *attendance_policy.of_sites.values())
    if all(policy.no_show_minutes_after is None for policy in asked):
        return [], []
    sites = [row["id"] for row in await tx.fetch("SELECT id FROM sites ORDER BY id")]
    after = {one: attendance_policy(one).no_show_minutes_after for one in sites}
    wanted = {one: timedelta(minutes=some) for one, some in after.items() if some is not None}
    return list(wanted), list(wanted.values())


no_shows_job = Job.of("no-shows", next_due, look)
