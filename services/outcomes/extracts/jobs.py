"""The jobs that make extracts, one at a time in each worker, and delete them in time."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import asyncpg
import structlog

from services.outcomes.extracts.commands import delete_old
from shared.database import ALL_SITES, update
from shared.jobs import Job, JobContext

log = structlog.get_logger()

LOST_AFTER = timedelta(seconds=60)
"""An extract of which nothing is heard for so long has lost its process, and is taken anew."""
NEXT = f"""
SELECT min(CASE state WHEN 'queued' THEN requested_at
  ELSE alive_at + interval '{LOST_AFTER.seconds} seconds' END) FROM extracts
WHERE state IN ('queued', 'running')
"""  # noqa: S608 - a constant of ours
TAKE = """
UPDATE extracts SET state = 'running', alive_at = $1, stays_done = 0, version = version + 1
WHERE id = (
  SELECT id FROM extracts
  WHERE state = 'queued' OR state = 'running' AND alive_at <= $1::timestamptz - $2::interval
  ORDER BY requested_at LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING id, site_ids, starts_from, starts_until, key
"""
GONE = "SELECT min(gone_at) FROM extracts WHERE state = 'made'"


async def run(context: JobContext) -> int:
    """Make one extract; 0 where there is none."""
    async with context.database.transaction(ALL_SITES) as tx:
        taken = await tx.fetchrow(TAKE, tx.now, LOST_AFTER)
    if taken is None:
        return 0
    from services.outcomes.extracts.making import make  # heavy, and rarely needed

    try:
        await make(context.database, dict(taken))
    except asyncio.CancelledError:
        await asyncio.shield(_set(context, taken, {"state": "queued"}))  # the next worker takes it
        raise
    except (OSError, asyncpg.PostgresError):
        await _set(context, taken, {"state": "queued"})
        raise
    except Exception as error:
        log.error("extract_failed", extract=str(taken["id"]), error=type(error).__name__)
        await _set(context, taken, {"state": "failed", "key": None})
    return 1


async def _set(context: JobContext, taken: asyncpg.Record, changes: Mapping[str, object]) -> None:
    async with context.database.transaction(ALL_SITES) as tx:
        where = {"id": taken["id"], "state": "running"}
        await tx.execute(*update("extracts", changes, where=where))


extracts_job = Job.asked("extracts", NEXT, run)
old_extracts_job = Job.of("old-extracts", GONE, delete_old)
