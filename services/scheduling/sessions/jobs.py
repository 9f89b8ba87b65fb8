"""The job that looks at sessions to come again when there is a newer edition of the zone rules."""

from datetime import datetime

from services.scheduling.sessions.moving import follow_zone_rules
from services.scheduling.sessions.queries import edition_looked_at
from shared.database import ALL_SITES, Transaction
from shared.jobs import Job, JobContext
from shared.zones import edition, is_newer


async def next_due(tx: Transaction) -> datetime | None:
    """Now, where this process has a newer edition than the last one that looked."""
    return tx.now if is_newer(edition(), await edition_looked_at(tx)) else None


async def look(context: JobContext) -> int:
    """Move what has to be moved; how many sessions that were."""
    async with context.database.transaction(ALL_SITES) as tx:
        return await follow_zone_rules(tx)


zone_rules_job = Job(name="zone-rules", next_due=next_due, run=look)
