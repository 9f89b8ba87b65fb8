"""Asking for a plan, ending it, and publishing it."""

from datetime import timedelta
from uuid import UUID

import orjson

from services.scheduling.directory.commands import lock_sites
from services.scheduling.directory.queries import show_site
from services.scheduling.plans.loading import basis, load
from services.scheduling.plans.policy import plan_policy
from services.scheduling.plans.queries import show_run
from services.scheduling.plans.schemas import Draft, NewPlanRun, PlanRun, Publication
from services.scheduling.sessions.changing import assign
from services.scheduling.slots.commands import hold_own_sessions
from shared.calendar import Week
from shared.database import Record, Transaction, at_all_sites, insert, update
from shared.errors import Conflict, Invalid, found
from shared.ids import new_id

OF_REGION = "SELECT id FROM sites WHERE region_id = $1 ORDER BY id"
LOCK = "SELECT * FROM plan_runs WHERE id = $1 FOR NO KEY UPDATE"
UNDER_WAY = """
SELECT FROM plan_runs WHERE state IN ('queued', 'running') AND site_ids = $1 AND monday = $2
"""
STOP = """
UPDATE plan_runs SET stop_asked_at = coalesce(stop_asked_at, $2), version = version + 1
WHERE id = $1 AND state IN ('queued', 'running')
"""
NAMED = 10
"""How many changed things a refusal names."""


class WeekIsOver(Invalid):
    """What is over is not planned."""


class PlanUnderWay(Conflict):
    """One run at a time plans a week of the same sites."""


class NoSitesInRegion(Invalid):
    """There is nothing to plan for."""


class PlanNotReady(Conflict, title="There is no draft to publish"):
    """A plan is published once, when it is drafted."""


class PlanOutdated(Conflict, title="What the plan rests on has changed"):
    """What the plan rests on is no longer so."""


async def request_run(tx: Transaction, new: NewPlanRun, subject: str) -> PlanRun:
    """Let a week be planned in the background.

    Raises:
        NotFound: no such site that the caller may see.
        NoSitesInRegion: no site of the region that the caller may see.
        WeekIsOver, PlanUnderWay: see there.
    """
    if new.site_ids is not None:
        for place, site_id in enumerate(new.site_ids):
            await show_site(tx, site_id, pointer=f"/site_ids/{place}")
        sites = sorted(set(new.site_ids))
    else:
        sites = [row["id"] for row in await tx.fetch(OF_REGION, new.region_id)]
        if not sites:
            raise NoSitesInRegion("No site of this region is known to you.", pointer="/region_id")
    monday = Week.parse(new.week).monday
    if monday + timedelta(days=8) < tx.now.date():
        raise WeekIsOver("Give a week that is not over.", pointer="/week")
    if await tx.fetchrow(UNDER_WAY, sites, monday) is not None:
        raise PlanUnderWay("This week of these sites is being planned: wait, or stop that run.")
    run = {
        **new.model_dump(include={"region_id"}),
        "id": new_id(),
        "site_ids": sites,
        "monday": monday,
        "state": "queued",
        "requested_by": subject,
        "requested_at": tx.now,
    }
    await tx.execute(*insert("plan_runs", run))
    tx.wake()
    return await show_run(tx, run["id"])


async def stop_run(tx: Transaction, run_id: UUID) -> PlanRun:
    """End a run with the best plan so far; of one that has ended nothing changes."""
    await tx.execute(STOP, run_id, tx.now)
    return await show_run(tx, run_id)


async def publish_run(tx: Transaction, run_id: UUID, how: Publication, subject: str) -> PlanRun:
    """Make a draft true: rooms and staff of sessions, and new sessions of single clients. All or
    nothing; publishes SessionScheduled for each client of a session that is changed or new.

    Raises:
        NotFound: no such run that the caller may see.
        PlanNotReady: there is no draft, or it was published before.
        PlanOutdated: something that it rests on has changed, which is named.
        UnitsExceeded: it goes beyond what payers authorized, and no reason is given.
        Busy: somebody was taken at that moment.
    """
    run = found(await tx.fetchrow(LOCK, run_id), "plan run")
    if run["state"] != "drafted":
        raise PlanNotReady(f"The run is {run['state']}: only a draft is published, once.")
    await lock_sites(tx, run["site_ids"])
    draft, topics = Draft.model_validate_json(run["draft"]), plan_policy().sessions_of_one_client
    async with at_all_sites(tx):
        await _require_same(tx, run, draft)
        await assign(tx, {one.session_id: one.asked for one in draft.sessions if one.changes})
        places = ((one, topics[one.kind].topic) for one in draft.places)
        own = {"modality": "in_person"}
        new = [{**dict(one), **own, "id": new_id(), "topic": topic} for one, topic in places]
        await hold_own_sessions(tx, new, reason=how.excess_reason, by=subject)
    changes = {"state": "published", "published_by": subject, "published_at": tx.now}
    await tx.execute(*update("plan_runs", changes, where={"id": run_id}))
    shown = await show_run(tx, run_id)
    return shown.model_copy(update={"booked": draft.places})


async def _require_same(tx: Transaction, run: Record, draft: Draft) -> None:
    """Refuse a plan whose week is another one by now."""
    problem = await load(tx, run["site_ids"], run["monday"], run["requested_at"])
    before, now = orjson.loads(run["basis"]), basis(problem)
    changed = sorted(one for one in {*before, *now} if before.get(one) != now.get(one))
    begun = (one for one in draft.sessions if one.changes and one.starts_at <= tx.now)
    changed += [f"session {one.session_id} (begun)" for one in begun]
    if changed:
        more = f" and {len(changed) - NAMED} more" if len(changed) > NAMED else ""
        raise PlanOutdated(f"Changed since: {', '.join(changed[:NAMED])}{more}. Plan anew.")
