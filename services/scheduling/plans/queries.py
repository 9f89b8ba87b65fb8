"""Runs of the weekly plan as they are read."""

from dataclasses import asdict
from datetime import date, datetime
from uuid import UUID

import asyncpg

from services.scheduling.hours.rules import Week
from services.scheduling.plans.loading import Calendar
from services.scheduling.plans.rules.measures import POSTS
from services.scheduling.plans.rules.problem import Place, Plan, Problem, Staffing
from services.scheduling.plans.schemas import Draft, PlanRun
from shared.database import Transaction
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


def _run(row: asyncpg.Record) -> PlanRun:
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
    calendar = Calendar(monday)

    def times(begins: int, ends: int) -> dict[str, datetime]:
        return {"starts_at": calendar.instant(begins), "ends_at": calendar.instant(ends)}

    def ids(one: Staffing | Place) -> dict[str, UUID | None]:
        return {f"{post}_id": getattr(one, post) for post in POSTS if hasattr(one, post)}

    sessions = sorted(problem.sessions, key=lambda one: (one.span, one.id))
    clients = {demand.id: demand.client_id for demand in problem.demands}
    return Draft.model_validate(
        {
            "run_id": run_id,
            "week": str(Week(monday)),
            "proved": plan.proved,
            "gap": plan.gap,
            "stages": [asdict(stage) for stage in plan.stages],
            "sessions": [
                {
                    "session_id": one.id,
                    "site_id": one.site_id,
                    **times(*one.span),
                    **ids(now),
                    "published": ids(one.published),
                    "changes": [
                        post for post in POSTS if getattr(now, post) != getattr(one.published, post)
                    ],
                }
                for one in sessions
                for now in [plan.staffing[one.id]]
            ],
            "places": [
                {
                    **asdict(one),
                    **times(*one.stay(place.begins).span),
                    **ids(place),
                    "demand_id": one.id,
                }
                for one in problem.demands
                if (place := plan.places.get(one.id)) is not None and place.room is not None
            ],
            "unplaced": [
                {
                    "id": one.id,
                    "client_id": clients.get(one.id),
                    "post": one.post,
                    "conflict": [{"rule": name, "of": of} for name, of in one.conflict],
                }
                for one in plan.unplaced
            ],
        }
    )
