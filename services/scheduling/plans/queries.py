"""Runs of the weekly plan as they are read."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from services.scheduling.plans.loading import instant_at
from services.scheduling.plans.rules.measures import POSTS
from services.scheduling.plans.rules.problem import Plan, Problem, Span
from services.scheduling.plans.schemas import Draft, PlanRun
from shared.calendar import Week
from shared.database import Transaction
from shared.errors import NotFound, found
from shared.web import Page, Paging, page

RUN = """
SELECT id, region_id, site_ids, to_char(monday, 'IYYY"-W"IW') AS week, state, progress, seconds,
  requested_at, finished_at, published_at, version
FROM plan_runs
"""
ONE = RUN + "WHERE id = $1"
DRAFT = "SELECT draft FROM plan_runs WHERE id = $1"


async def show_run(tx: Transaction, run_id: UUID) -> PlanRun:
    """One run.

    Raises:
        NotFound: none that the caller may see, which is all of whose sites.
    """
    return PlanRun.from_row(found(await tx.fetchrow(ONE, run_id), "plan run"))


async def list_runs(tx: Transaction, paging: Paging) -> Page[PlanRun]:
    """Runs, oldest first."""
    return await page(tx, RUN, paging, PlanRun.from_row)


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

    def ids(posts: Mapping[str, UUID | None]) -> dict[str, UUID | None]:
        return {f"{post}_id": one for post, one in posts.items()}

    sessions, places, unplaced = [], [], []
    for session in sorted(problem.of_cohorts, key=lambda one: (one.times, one.id)):
        before = session.published._asdict()
        now = {str(post): plan.has(session.id, post) for post in POSTS}
        changes = [post for post in POSTS if now[post] != before[post]]
        about = {"session_id": session.id, "site_id": session.site_id, **times(session.times[0])}
        sessions.append({**about, **ids(now), "published": ids(before), "changes": changes})
    for session in problem.of_clients:
        if (stay := plan.stay(session)) is not None and session.id in plan.rooms:
            has = {"facilitator": plan.has(session.id, "session"), "room": plan.rooms[session.id]}
            about = {**asdict(session), "demand_id": session.id}
            places.append({**about, **times(stay.span), **ids(has)})
    clients = {one.id: one.client_id for one in problem.sessions}
    for (one, post), rules in plan.unplaced.items():
        conflict = [{"rule": rule.name, "of": rule.of} for rule in rules]
        about = {"id": one, "client_id": clients[one], "post": post}
        unplaced.append({**about, "conflict": conflict})
    whole = {"run_id": run_id, "week": str(Week(monday)), "proved": plan.proved, "gap": plan.gap}
    parts = {"sessions": sessions, "places": places, "unplaced": unplaced}
    stages = [asdict(stage) for stage in plan.stages]
    return Draft.model_validate({**whole, **parts, "stages": stages})
