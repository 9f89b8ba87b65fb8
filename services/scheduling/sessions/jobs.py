"""Sessions to come: made week by week, looked at again when there are newer zone rules, and not
held where a site is closed."""

from datetime import datetime

from services.scheduling.sessions.closing import NEXT_ENTERED, close_next_day
from services.scheduling.sessions.materializing import NEXT_DUE, materialize_next
from services.scheduling.sessions.moving import follow_zone_rules, is_behind
from shared.database import ALL_SITES, Transaction
from shared.jobs import Job, JobContext


async def next_due(tx: Transaction) -> datetime | None:
    """Now, where this process has a newer edition than the last one that looked."""
    return tx.now if await is_behind(tx) else None


async def look(context: JobContext) -> int:
    """Look at the sessions of one zone; 0 once all were looked at."""
    async with context.database.transaction(ALL_SITES) as tx:
        return await follow_zone_rules(tx)


zone_rules_job = Job(name="zone-rules", next_due=next_due, run=look)
closing_job = Job.of("site-closures", NEXT_ENTERED, close_next_day)
materializing_job = Job.of("materializing", NEXT_DUE, materialize_next)
