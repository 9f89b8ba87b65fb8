"""Runs of the weekly plan as they are read."""

from dataclasses import asdict
from datetime import date, datetime
from uuid import UUID

import orjson

from services.scheduling.hours.rules import Week
from services.scheduling.plans.loading import Calendar
from services.scheduling.plans.rules.problem import Plan, Problem, Staffing
from services.scheduling.plans.rules.worth import POSTS
from services.scheduling.plans.schemas import (
    Draft,
    PlannedPlace,
    PlannedSession,
    PlanRun,
    RuleInConflict,
    StaffingShown,
    StageShown,
    UnplacedShown,
)
from shared.database import Transaction
from shared.errors import NotFound, found
from shared.web import Page, Paging, page_of

RUN = """
SELECT id, region_id, site_ids, monday, state, progress, seconds, requested_at, finished_at,
  published_at, version
FROM plan_runs
"""
ONE = RUN + "WHERE id = $1"
RUNS = RUN + "WHERE id > $1 ORDER BY id LIMIT $2"
DRAFT = "SELECT draft FROM plan_runs WHERE id = $1"


async def show_run(tx: Transaction, run_id: UUID) -> PlanRun:
    """One run.

    Raises:
        NotFound: none that the caller may see, which is all of whose sites.
    """
    return _run(**dict(found(await tx.fetchrow(ONE, run_id), "plan run")))


async def list_runs(tx: Transaction, paging: Paging) -> Page[PlanRun]:
    """Runs, oldest first."""
    rows = await tx.fetch(RUNS, paging.after, paging.limit + 1)
    return page_of([_run(**dict(row)) for row in rows], paging.limit)


def _run(monday: date, progress: str, **other: object) -> PlanRun:
    shown = {"week": str(Week(monday)), "progress": orjson.loads(progress), **other}
    return PlanRun.model_validate(shown)


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
    calendar = Calendar(monday)

    def instants(begins: int, minutes: int) -> dict[str, datetime]:
        ends = begins + minutes
        return {"starts_at": calendar.instant(begins), "ends_at": calendar.instant(ends)}

    clients = {demand.id: demand.client_id for demand in problem.demands}
    return Draft(
        run_id=run_id,
        week=str(Week(monday)),
        proved=plan.proved,
        gap=plan.gap,
        stages=[StageShown(**asdict(stage)) for stage in plan.stages],
        sessions=[
            PlannedSession(
                session_id=one.id,
                site_id=one.site_id,
                **instants(one.span.begins, one.span.minutes),
                **dict(_staffing(plan.staffing[one.id])),
                published=_staffing(one.published),
                changes=[
                    post
                    for post in POSTS
                    if getattr(plan.staffing[one.id], post) != getattr(one.published, post)
                ],
            )
            for one in sorted(problem.sessions, key=lambda one: (one.span, one.id))
        ],
        places=[
            PlannedPlace(
                demand_id=one.id,
                client_id=one.client_id,
                site_id=one.site_id,
                kind=one.kind,
                **instants(place.begins, one.minutes),
                facilitator_id=place.facilitator,
                room_id=place.room,
            )
            for one in problem.demands
            if (place := plan.places.get(one.id)) is not None and place.room is not None
        ],
        unplaced=[
            UnplacedShown(
                id=one.id,
                client_id=clients.get(one.id),
                post=one.post,
                conflict=[RuleInConflict(rule=rule.name, of=rule.of) for rule in one.conflict],
            )
            for one in plan.unplaced
        ],
    )


def _staffing(staffing: Staffing) -> StaffingShown:
    return StaffingShown(
        facilitator_id=staffing.facilitator,
        cofacilitator_id=staffing.cofacilitator,
        room_id=staffing.room,
    )
