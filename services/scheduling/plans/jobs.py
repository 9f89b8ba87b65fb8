"""The job that plans: one run at a time in each worker, in threads of its own."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from time import monotonic

import asyncpg
import orjson
import structlog

from services.scheduling.plans.loading import basis, load
from services.scheduling.plans.policy import plan_policy
from services.scheduling.plans.queries import draft_of
from services.scheduling.plans.rules.problem import Plan, Problem, Stage, Stop
from shared.database import ALL_SITES, update
from shared.jobs import Job, JobContext

log = structlog.get_logger()

LOST_AFTER = timedelta(seconds=30)
"""A run that says nothing for so long has lost its process, and is taken anew."""
LOOK_SECONDS = 0.5
NEXT = f"""
SELECT min(CASE state WHEN 'queued' THEN requested_at
  ELSE alive_at + interval '{LOST_AFTER.seconds} seconds' END) FROM plan_runs
WHERE state IN ('queued', 'running')
"""  # noqa: S608 - a constant of ours
TAKE = """
UPDATE plan_runs SET state = 'running', alive_at = $1, version = version + 1 WHERE id = (
  SELECT id FROM plan_runs
  WHERE state = 'queued' OR state = 'running' AND alive_at <= $1::timestamptz - $2::interval
  ORDER BY requested_at LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING id, site_ids, monday, requested_at
"""
ALIVE = """
UPDATE plan_runs SET alive_at = $2, progress = $3, seconds = $4, version = version + 1
WHERE id = $1 AND state = 'running' RETURNING stop_asked_at IS NOT NULL
"""


async def run(context: JobContext) -> int:
    """Make the plan of one run; 0 where there is none."""
    async with context.database.transaction(ALL_SITES) as tx:
        taken = await tx.fetchrow(TAKE, tx.now, LOST_AFTER)
    if taken is None:
        return 0
    try:
        async with context.database.transaction(ALL_SITES) as tx:
            problem = await load(tx, taken["site_ids"], taken["monday"], taken["requested_at"])
        plan = await _solve(context, taken, problem)
    except (asyncio.CancelledError, OSError, asyncpg.PostgresError):
        await asyncio.shield(_set(context, taken, state="queued"))  # the next worker takes it
        raise
    except Exception as error:
        log.error("plan_failed", run=str(taken["id"]), error=type(error).__name__)
        await _set(context, taken, state="failed")
        return 1
    draft = draft_of(taken["id"], taken["monday"], problem, plan).model_dump_json()
    made = {"draft": draft, "basis": _json(basis(problem)), "progress": _json(plan.stages)}
    await _set(context, taken, state="drafted", **made)
    return 1


async def _solve(context: JobContext, taken: asyncpg.Record, problem: Problem) -> Plan:
    """The plan, made beside the event loop, which tells how far it is and hears who stops it."""
    from services.scheduling.plans.rules.planning import plan_week  # heavy, and rarely needed

    stop, began, stages = Stop(), monotonic(), list[Stage]()

    def told(now: Sequence[Stage]) -> None:
        stages[:] = now

    solving = asyncio.ensure_future(
        asyncio.to_thread(plan_week, problem, plan_policy(), stop=stop, told=told)
    )
    try:
        while not (await asyncio.wait([solving], timeout=LOOK_SECONDS))[0]:
            async with context.database.transaction(ALL_SITES) as tx:
                seconds = int(monotonic() - began)
                asked = await tx.fetchval(ALIVE, taken["id"], tx.now, _json(stages), seconds)
            if asked is not False:  # somebody stops it, or another process has it
                stop.ask()
        return solving.result()
    finally:
        stop.ask()


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


async def _set(context: JobContext, taken: asyncpg.Record, **changes: object) -> None:
    """Say how a run goes on, or that it has ended."""
    async with context.database.transaction(ALL_SITES) as tx:
        if changes["state"] != "queued":
            changes["finished_at"] = tx.now
        where = {"id": taken["id"], "state": "running"}
        await tx.execute(*update("plan_runs", changes, where=where))


plan_job = Job.asked("weekly-plan", NEXT, run)
