"""The job that looks at the dates of authorizations and certifications when their time comes."""

from datetime import datetime

from services.intake.authorizations.alarms import Found, note_alarms, of_grant
from services.intake.authorizations.policy import alarm_policy
from services.intake.authorizations.rules.alarms import Cause, certification_causes, look_again
from shared.calendar import day_at
from shared.database import Transaction
from shared.jobs import Job

BATCH = 500
NEXT_DUE = """
SELECT least(
  (SELECT min(look_at) FROM authorizations WHERE look_at IS NOT NULL),
  (SELECT min(look_at) FROM certifications WHERE look_at IS NOT NULL)
)
"""
DUE = """
SELECT a.id, a.client_id, a.site_id, a.units_granted, a.units_used, a.valid_until, s.time_zone
FROM authorizations a JOIN sites s ON s.id = a.site_id
WHERE a.look_at <= $1 ORDER BY a.look_at, a.id LIMIT $2 FOR UPDATE OF a SKIP LOCKED
"""
LOOKED = """
UPDATE {} AS e SET look_at = m.look_at
FROM unnest($1::uuid[], $2::timestamptz[]) AS m(id, look_at) WHERE e.id = m.id
"""
LOOKED_AT_GRANTS = LOOKED.format("authorizations")
LOOKED_AT_CERTIFICATIONS = LOOKED.format("certifications")
DUE_CERTIFICATIONS = """
SELECT e.id, e.client_id, e.site_id, e.recertify_by, s.time_zone,
  c.entered_in_error OR c.effective_until < (($1::timestamptz) AT TIME ZONE s.time_zone)::date
    AS over
FROM certifications e JOIN sites s ON s.id = e.site_id JOIN coverages c ON c.id = e.coverage_id
WHERE e.look_at <= $1 ORDER BY e.look_at, e.id LIMIT $2 FOR UPDATE OF e SKIP LOCKED
"""


async def look(tx: Transaction) -> int:
    """Raise the alarms of dates that have come; how many were looked at."""
    return await _look_at_grants(tx) + await _look_at_certifications(tx)


async def _look_at_grants(tx: Transaction) -> int:
    rows = await tx.fetch(DUE, tx.now, BATCH)
    if not rows:
        return 0
    looked = [of_grant(tx.now, dict(row)) for row in rows]
    found, again = zip(*looked, strict=True)
    await tx.execute(LOOKED_AT_GRANTS, [one.about for one in found], again)
    await note_alarms(tx, found)
    return len(rows)


async def _look_at_certifications(tx: Transaction) -> int:
    rows = await tx.fetch(DUE_CERTIFICATIONS, tx.now, BATCH)
    if not rows:
        return 0
    policy = alarm_policy()
    found: list[Found] = []
    again: list[datetime | None] = []
    for row in rows:
        last, today = row["recertify_by"], day_at(tx.now, row["time_zone"])
        causes = certification_causes(policy, recertify_by=last, today=today)
        standing = frozenset[Cause](() if row["over"] else causes)
        found.append(Found(row["id"], row["client_id"], row["site_id"], standing, None, last))
        again.append(None if row["over"] else look_again(policy, last, today, row["time_zone"]))
    await tx.execute(LOOKED_AT_CERTIFICATIONS, [one.about for one in found], again)
    await note_alarms(tx, found)
    return len(rows)


authorization_job = Job.of("authorization-dates", NEXT_DUE, look)
"""Due when the next date raises an alarm."""
