"""The job that ends questionnaires whose time is over."""

from services.intake.questionnaires.expiry import tell_closed, tell_left_open
from shared.database import Transaction
from shared.jobs import Job

BATCH = 500
NEXT = "SELECT min(expires_at) FROM questionnaires WHERE state = 'open'"
EXPIRE = """
UPDATE questionnaires q SET state = 'expired', ended_at = q.expires_at, version = q.version + 1
FROM (
  SELECT id FROM questionnaires WHERE state = 'open' AND expires_at <= $1
  ORDER BY expires_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
) AS over
WHERE q.id = over.id
RETURNING q.id
"""


async def expire(tx: Transaction) -> int:
    """End what is over. Requests go by the instant itself, so nobody waits for this job."""
    over = [row["id"] for row in await tx.fetch(EXPIRE, tx.now, BATCH)]
    await tell_left_open(tx, over)
    await tell_closed(tx, over)
    return len(over)


expiry_job = Job.of("questionnaires", NEXT, expire)
"""Due when the next open questionnaire expires."""
