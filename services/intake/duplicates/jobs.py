"""Making the keys of clients by the matching data in force, in the background."""

from datetime import datetime

from services.intake.duplicates.commands import make_keys
from services.intake.matching.policy import matching
from shared.database import ALL_SITES, Transaction
from shared.jobs import Job, JobContext

ANY_LEFT = "SELECT true FROM clients WHERE keys_version < $1 LIMIT 1"


async def next_due(tx: Transaction) -> datetime | None:
    """Now, as long as keys of a client are to be made."""
    return tx.now if await tx.fetchval(ANY_LEFT, matching().version) else None


async def run(context: JobContext) -> int:
    """Make the keys of some clients."""
    async with context.database.transaction(ALL_SITES) as tx:
        return await make_keys(tx)


job = Job("match_keys", next_due, run)
