"""The job that expires consents whose last day is over."""

from services.intake.consents.expiry import tell_expired
from shared.database import Transaction
from shared.jobs import Job

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


async def expire_due(tx: Transaction) -> int:
    """Expire a batch of the consents whose last day is over, each with one ConsentExpired; how many
    those were. Others at the same work take other rows."""
    rows = await tx.fetch(EXPIRE, tx.now, BATCH)
    tell_expired(tx, rows)
    return len(rows)


expiry_job = Job.of("consent-expiry", NEXT_DUE, expire_due)
"""Due at the end of the next day with which a consent expires."""
