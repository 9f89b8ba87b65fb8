"""The job that plans: one run at a time in each worker, in threads of its own."""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from time import monotonic

from services.scheduling.plans.loading import basis, load
from services.scheduling.plans.policy import plan_policy
from services.scheduling.plans.queries import draft_of
from services.scheduling.plans.rules.problem import Plan, Problem, Stage, Stop
from shared.database import ALL_SITES, Record, as_json, update
from shared.jobs import JobContext
from shared.long_work import long_job

LOST_AFTER = timedelta(seconds=30)
"""A run that says nothing for so long has lost its process, and is taken anew."""
LOOK_SECONDS = 0.5
ALIVE = """
UPDATE plan_runs SET alive_at = $2, progress = $3, seconds = $4, version = version + 1
WHERE id = $1 AND state = 'running' RETURNING stop_asked_at IS NOT NULL
"""


async def plan(context: JobContext, taken: Record) -> None:
    """Make the plan of one run."""
    async with context.database.transaction(ALL_SITES) as tx:
        problem = await load(tx, taken["site_ids"], taken["monday"], taken["requested_at"])
    made = await _solve(context, taken, problem)
    draft = draft_of(taken["id"], taken["monday"], problem, made).model_dump_json()
    found = {"draft": draft, "basis": as_json(basis(problem)), "progress": as_json(made.stages)}
    async with context.database.transaction(ALL_SITES) as tx:
        changes = {"state": "drafted", "finished_at": tx.now, **found}
        where = {"id": taken["id"], "state": "running"}
        await tx.execute(*update("plan_runs", changes, where=where))


async def _solve(context: JobContext, taken: Record, problem: Problem) -> Plan:
    """The plan, made beside the event loop, which tells how far it is and hears who stops it."""
    from services.scheduling.plans.rules.planning import plan_week  # heavy, and rarely needed

    stop, began, told = Stop(), monotonic(), deque[Sequence[Stage]]([()], maxlen=1)
    solving = asyncio.ensure_future(
        asyncio.to_thread(plan_week, problem, plan_policy(), stop=stop, told=told.append)
    )
    try:
        while not (await asyncio.wait([solving], timeout=LOOK_SECONDS))[0]:
            async with context.database.transaction(ALL_SITES) as tx:
                seconds = int(monotonic() - began)
                asked = await tx.fetchval(ALIVE, taken["id"], tx.now, as_json(told[0]), seconds)
            if asked is not False:  # somebody stops it, or another process has it
                stop.ask()
        return solving.result()
    finally:
        stop.ask()


plan_job = long_job(
    "weekly-plan",
    "plan_runs",
    plan,
    lost_after=LOST_AFTER,
    failed=lambda tx: {"finished_at": tx.now},
)
