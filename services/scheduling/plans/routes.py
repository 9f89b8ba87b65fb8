"""Weekly plans over HTTP."""

from typing import Annotated
from uuid import UUID

from services.scheduling.plans import commands, queries
from services.scheduling.plans.schemas import Draft, NewPlanRun, PlanRun, Publication
from shared.access import Role
from shared.web import Allowed, Call, Page, Paged, Router

router = Router(prefix="/plan-runs", tags=["Weekly plans"])

Planner = Annotated[Call, Allowed(Role.REGIONAL_OPERATIONS)]
Reader = Annotated[Call, Allowed(Role.REGIONAL_OPERATIONS, Role.SITE_MANAGER)]


@router.create("", summary="Plan a week")
async def add_plan_run(body: NewPlanRun, call: Planner) -> PlanRun:
    """Assign staff and rooms to all sessions of cohorts in the week, and place the sessions that
    single clients are to have, over many sites at once. It runs in the background."""
    return await call.create(commands.request_run, body, call.subject, location="/plan-runs/{id}")


@router.get("", summary="List runs of the weekly plan")
async def list_plan_runs(call: Reader, paging: Paged) -> Page[PlanRun]:
    """Runs of sites all of which you may see, oldest first."""
    return await call.show(lambda tx: queries.list_runs(tx, paging))


@router.get("/{run_id}", summary="Show how far a run is")
async def show_plan_run(run_id: UUID, call: Reader) -> PlanRun:
    """Its state, and the objective and bound of the best plan so far."""
    return await call.show(lambda tx: queries.show_run(tx, run_id))


@router.create("/{run_id}/stop", summary="End a run with the best plan so far")
async def stop_plan_run(run_id: UUID, call: Planner) -> PlanRun:
    """The draft follows within seconds."""
    return await call.create(commands.stop_run, run_id, location="/plan-runs/{id}")


@router.get("/{run_id}/plan", summary="Show a drafted plan")
async def show_plan(run_id: UUID, call: Reader) -> Draft:
    """Who and what each session is to have and has now, new sessions of single clients, and what
    has no place, with the rules in conflict."""
    return await call.show(lambda tx: queries.show_draft(tx, run_id))


@router.create("/{run_id}/publish", summary="Publish a drafted plan")
async def publish_plan(run_id: UUID, body: Publication, call: Planner) -> PlanRun:
    """All of it at once, if nothing that it rests on has changed meanwhile; else what has changed
    is named, and nothing is written. What goes beyond authorizations needs a reason."""
    what = run_id, body, call.subject
    return await call.create(commands.publish_run, *what, location="/plan-runs/{id}/plan")
