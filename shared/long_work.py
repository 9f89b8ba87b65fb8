"""Work of minutes that is asked for as a row of a table: queued, then running in one worker."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

import asyncpg
import structlog

from shared.database import ALL_SITES, Record, Transaction, update
from shared.jobs import Job, JobContext

log = structlog.get_logger()

NEXT = """
SELECT min(CASE state WHEN 'queued' THEN requested_at
  ELSE alive_at + interval '{seconds} seconds' END) FROM {table}
WHERE state IN ('queued', 'running')
"""
TAKE = """
UPDATE {table} SET state = 'running', alive_at = $1, version = version + 1 WHERE id = (
  SELECT id FROM {table}
  WHERE state = 'queued' OR state = 'running' AND alive_at <= $1::timestamptz - $2::interval
  ORDER BY requested_at LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING *
"""


def long_job(
    name: str,
    table: str,
    work: Callable[[JobContext, Record], Awaitable[None]],
    *,
    lost_after: timedelta,
    failed: Callable[[Transaction], Mapping[str, object]],
) -> Job:
    """A job that does what the rows of `table` ask for, the oldest first and one at a time in each
    worker. `work` is given its row, says meanwhile that it is alive, and in the end how it ended.

    A row has `state`, `requested_at`, `alive_at` and `version`. One of which nothing is heard for
    `lost_after` has lost its process, and is taken anew; so is one whose worker stops, or loses the
    database. Where `work` fails otherwise the state is `failed`, with the changes of that name.
    """
    take = TAKE.format(table=table)

    async def end(
        context: JobContext, row: Record, changes: Callable[[Transaction], Mapping[str, object]]
    ) -> None:
        async with context.database.transaction(ALL_SITES) as tx:
            where = {"id": row["id"], "state": "running"}
            await tx.execute(*update(table, changes(tx), where=where))

    async def run(context: JobContext) -> int:
        async with context.database.transaction(ALL_SITES) as tx:
            row = await tx.fetchrow(take, tx.now, lost_after)
        if row is None:
            return 0
        try:
            await work(context, row)
        except (asyncio.CancelledError, OSError, asyncpg.PostgresError):
            await asyncio.shield(end(context, row, lambda tx: {"state": "queued"}))
            raise
        except Exception as error:
            log.error("work_failed", job=name, id=str(row["id"]), error=type(error).__name__)
            await end(context, row, lambda tx: {"state": "failed", **failed(tx)})
        return 1

    return Job.asked(name, NEXT.format(table=table, seconds=lost_after.total_seconds()), run)
