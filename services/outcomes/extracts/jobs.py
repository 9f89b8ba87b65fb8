"""The jobs that make extracts, one at a time in each worker, and delete them in time."""

from datetime import timedelta

from services.outcomes.extracts.commands import delete_old
from shared.database import Record
from shared.jobs import Job, JobContext
from shared.long_work import long_job

LOST_AFTER = timedelta(seconds=60)
"""An extract of which nothing is heard for so long has lost its process, and is taken anew."""
GONE = "SELECT min(gone_at) FROM extracts WHERE state = 'made'"


async def extract(context: JobContext, taken: Record) -> None:
    """Make one extract."""
    from services.outcomes.extracts.making import make  # heavy, and rarely needed

    await make(context.database, dict(taken))


extracts_job = long_job(
    "extracts", "extracts", extract, lost_after=LOST_AFTER, failed=lambda tx: {"key": None}
)
old_extracts_job = Job.of("old-extracts", GONE, delete_old)
