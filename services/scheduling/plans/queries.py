"""Runs of the weekly plan as they are read."""

from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from services.scheduling.plans.loading import instant_at
from services.scheduling.plans.rules.measures import POSTS
from services.scheduling.plans.rules.problem import Place, Plan, Problem, Span, Staffing
from services.scheduling.plans.schemas import Draft, PlanRun
from shared.calendar import Week
from shared.database import Record, Transaction
from shared.errors import NotFound, found
from shared.web import Page, Paging, page

RUN = """
SELECT id, region_id, site_ids, monday, state, progress, seconds, requested_at, finished_at,
  published_at, version
FROM plan_runs
"""
ONE = RUN + "WHERE id = $1"
DRAFT = "SELECT draft FROM plan_runs WHERE id = $1"


async def show_run(tx: Transaction, run_id: UUID) -> PlanRun:
    """One run.

    Raises:
        NotFound: none that the caller may see, which is all of whose sites.
    """
    return _run(found(await tx.fetchrow(ONE, run_id), "plan run"))


async def list_runs(tx: Transaction, paging: Paging) -> Page[PlanRun]:
    """Runs, oldest first."""
    return await page(tx, RUN, paging, _run)


def _run(row: Record) -> PlanRun:
    return PlanRun.from_row({**row, "week": str(Week(row["monday"]))})


async def show_draft(tx: Transaction, run_id: UUID) -> Draft:
    """The plan that a run made.

    Raises:
        NotFound: no such run, or no plan of it yet.
    """
    row = found(await tx.fetchrow(DRAFT, run_id), "plan run")
    if row["draft"] is None:
        raise NotFound("There is no plan yet: wait until the run is drafted, or stop it.")
    return Draft.model_validate_json(row["draft"])


def draft_of(run_id: UUID, monday: date, problem: Problem, plan: Plan) -> Draft:
    """A plan as people read it, beside what is published."""

    def times(span: Span) -> dict[str, Any]:
        return {"starts_at": instant_at(span.begins), "ends_at": instant_at(span.ends)}

    def ids(one: Staffing | Place) -> dict[str, Any]:
        return {f"{post}_id": getattr(one, post) for post in POSTS if hasattr(one, post)}

    sessions, places, unplaced = [], [], []
    for session in sorted(problem.sessions, key=lambda one: (one.span, one.id)):
        now, before = plan.staffing[session.id], session.published
        changes = [post for post in POSTS if getattr(now, post) != getattr(before, post)]
        about = {"session_id": session.id, "site_id": session.site_id, **times(session.span)}
        sessions.append({**about, **ids(now), "published": ids(before), "changes": changes})
    for demand in problem.demands:
        if (place := plan.places.get(demand.id)) is not None and place.room is not None:
            about = {**asdict(demand), **times(demand.stay(place.begins).span)}
            places.append({**about, **ids(place), "demand_id": demand.id})
    clients = {demand.id: demand.client_id for demand in problem.demands}
    for one in plan.unplaced:
        conflict = [{"rule": rule.name, "of": rule.of} for rule in one.conflict]
        about = {"id": one.id, "client_id": clients.get(one.id), "post": one.post}
        unplaced.append({**about, "conflict": conflict})
    whole = {"run_id": run_id, "week": str(Week(monday)), "proved": plan.proved, "gap": plan.gap}
    parts = {"sessions": sessions, "places": places, "unplaced": unplaced}
    stages = [asdict(stage) for stage in plan.stages]
    return Draft.model_validate({**whole, **parts, "stages": stages})
