"""The job that tells of credentials which expire soon."""

from dataclasses import asdict

from services.scheduling.directory.policy import credential_policy
from services.scheduling.directory.queries import CREDENTIALS
from services.scheduling.directory.rules import expiring
from shared.calendar import day_at, midnight
from shared.contracts.scheduling import StaffCredentialExpiring
from shared.database import Transaction, insert
from shared.jobs import Job
from shared.messaging.outbox import publish

NEXT_DUE = "SELECT min(look_at) FROM staff WHERE look_at IS NOT NULL"
DUE = """
SELECT s.id, s.credentials, s.left_at, h.site_id AS home_site_id, i.time_zone,
  array(SELECT site_id FROM staff_sites WHERE staff_id = s.id ORDER BY site_id) AS site_ids
FROM staff s JOIN staff_sites h ON h.staff_id = s.id AND h.home JOIN sites i ON i.id = h.site_id
WHERE s.look_at <= $1 ORDER BY s.look_at, s.id LIMIT 100 FOR UPDATE OF s SKIP LOCKED
"""
ONCE = "ON CONFLICT DO NOTHING RETURNING credential"


async def tell_expiring(tx: Transaction) -> int:
    """Publish StaffCredentialExpiring for each credential whose time has come, by the calendar and
    the policy of the person's home site; how many people were looked at. Who has left is passed
    over."""
    rows = await tx.fetch(DUE, tx.now)
    for row in rows:
        held = [] if row["left_at"] is not None else CREDENTIALS.validate_json(row["credentials"])
        lead = credential_policy(row["home_site_id"]).expiring_lead_days
        soon, next_day = expiring(held, day_at(tx.now, row["time_zone"]), lead)
        for one in soon:
            told = {"staff_id": row["id"], **asdict(one)}
            if await tx.fetchval(*insert("credentials_told", told, suffix=ONCE)) is not None:
                publish(tx, StaffCredentialExpiring(**{**row, **told}, noticed_at=tx.now))
        at = None if next_day is None else midnight(next_day, row["time_zone"])
        await tx.execute("UPDATE staff SET look_at = $2 WHERE id = $1", row["id"], at)
    return len(rows)


credentials_job = Job.of("credentials", NEXT_DUE, tell_expiring)
