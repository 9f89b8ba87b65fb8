"""The job that expires consents whose last day is over."""

from datetime import datetime

from services.intake.consents.expiry import tell_expired
from shared.database import ALL_SITES, Transaction
from shared.jobs import Job, JobContext

BATCH = 500
NEXT_DUE = "SELECT min(expires_at) FROM consents WHERE state = 'granted' AND expires_at IS NOT NULL"
EXPIRE = """
UPDATE consents SET state = 'expired', ended_at = expires_at, version = version + 1
WHERE state = 'granted' AND id = ANY (ARRAY(
  SELECT id FROM consents WHERE state = 'granted' AND expires_at <= $1
  ORDER BY expires_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
))
RETURNING id AS consent_id, client_id, site_id, form, ended_at AS expired_at
"""


async def next_due(tx: Transaction) -> datetime | None:
    """The end of the next day with which a consent expires."""
    found: datetime | None = await tx.fetchval(NEXT_DUE)
    return found


async def expire_due(context: JobContext) -> int:
    """Expire a batch of the consents whose last day is over, each with one ConsentExpired; how many
    those were. Others at the same work take other rows."""
    async with context.database.transaction(ALL_SITES) as tx:
        rows = await tx.fetch(EXPIRE, tx.now, BATCH)
        tell_expired(tx, rows)
    return len(rows)


expiry_job = Job(name="consent-expiry", next_due=next_due, run=expire_due)
