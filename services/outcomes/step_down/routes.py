"""Progress, recommendations and decisions over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.outcomes.episodes.schemas import AskedFor
from services.outcomes.step_down import commands, goals, queries, schemas
from services.outcomes.step_down.policy import RecommendationPolicy, policies
from shared.access import Role
from shared.access.roles import CLINICIANS, EVERY_STAFF_ROLE
from shared.contracts.outcomes import RecommendationKind
from shared.web import Allowed, Call, CountedPage, Paged, Router, needs_if_match, of_one_client

router = Router(tags=["Recommendations"])

Lead = Annotated[Call, Allowed(Role.CLINICAL_LEAD)]
Reader = Annotated[Call, Allowed(*CLINICIANS)]


@router.get("/clients/{client_id}/progress", summary="Show a client's progress")
@of_one_client
async def show_progress(client_id: UUID, call: Reader) -> schemas.Progress:
    """Scores, engagement, and what is met and what is missing for a step-down, as of now."""
    return await call.show(lambda tx: queries.show_progress(tx, client_id))


@router.get("/recommendations", summary="List recommendations")
async def list_recommendations(
    call: Reader,
    paging: Paged,
    of: AskedFor,
    state: Annotated[schemas.State | None, Query(description="In one state only.")] = None,
    kind: Annotated[RecommendationKind | None, Query(description="Of one kind only.")] = None,
) -> CountedPage[schemas.Recommendation]:
    """Recommendations of all kinds, oldest first, each with its explanation, and their number."""
    return await call.show(lambda tx: queries.list_recommendations(tx, paging, of, state, kind))


@router.get("/recommendations/{recommendation_id}", summary="Show a recommendation")
@of_one_client
async def show_recommendation(recommendation_id: UUID, call: Reader) -> schemas.Recommendation:
    """One recommendation; the ETag is needed to decide it."""
    return await call.show(lambda tx: queries.show_recommendation(tx, recommendation_id))


@router.post("/recommendations/{recommendation_id}/decision", summary="Decide a recommendation")
@needs_if_match
async def decide_recommendation(
    recommendation_id: UUID, body: schemas.NewDecision, call: Lead
) -> schemas.Recommendation:
    """Accept, defer to a day, or decline. Clinical judgement overrides the recommendation."""
    return await call.update(
        lambda tx, expected: commands.decide(
            tx, recommendation_id, expected, body, decided_by=call.subject
        )
    )


@router.post(
    "/clients/{client_id}/step-downs",
    status_code=201,
    summary="Step a client down without a recommendation",
)
async def record_step_down(
    client_id: UUID, body: schemas.NewStepDown, call: Lead
) -> schemas.Recommendation:
    """By clinical judgement, with a reason. What the policy asks for and what of it is missing is
    kept with the decision. An open recommendation is decided instead."""
    return await call.create(
        lambda tx: commands.step_client_down(tx, client_id, body, decided_by=call.subject),
        location=lambda made: f"/recommendations/{made.id}",
    )


@router.post("/clients/{client_id}/goals", status_code=201, summary="Set a goal of a stay")
async def add_goal(client_id: UUID, body: schemas.NewGoal, call: Reader) -> schemas.Goal:
    """A goal of the phase or a clinician's own, of the present stay; policies may ask for it."""
    return await call.create(
        lambda tx: goals.set_goal(tx, client_id, body, by=call.subject),
        location=lambda made: f"/goals/{made.id}",
    )


@router.get("/goals/{goal_id}", summary="Show a goal")
@of_one_client
async def show_goal(goal_id: UUID, call: Reader) -> schemas.Goal:
    """One goal; the ETag is needed to close it."""
    return await call.show(lambda tx: queries.show_goal(tx, goal_id))


@router.post("/goals/{goal_id}/outcome", summary="Say what became of a goal")
@needs_if_match
async def close_goal(goal_id: UUID, body: schemas.GoalOutcome, call: Reader) -> schemas.Goal:
    """It was met, or is none any more. The client is held against the policy at once."""
    return await call.update(
        lambda tx, expected: goals.close_goal(tx, goal_id, expected, body, by=call.subject)
    )


@router.get("/recommendation-policies", summary="List recommendation policies")
async def list_recommendation_policies(
    call: Annotated[Call, Allowed(*EVERY_STAFF_ROLE)],
) -> list[RecommendationPolicy]:
    """The policies in force, with version and the source of every rule."""
    return list(policies().values())
