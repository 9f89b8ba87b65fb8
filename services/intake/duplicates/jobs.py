"""Making the keys of clients by the matching data in force, in the background."""

from datetime import datetime

from services.intake.duplicates.commands import make_keys
from services.intake.matching.policy import matching
from shared.database import Transaction
from shared.jobs import Job

ANY_LEFT = "SELECT true FROM clients WHERE keys_version < $1 LIMIT 1"


async def next_due(tx: Transaction) -> datetime | None:
    """Now, as long as keys of a client are to be made."""
    return tx.now if await tx.fetchval(ANY_LEFT, matching().version) else None


job = Job.of("match_keys", next_due, make_keys)
