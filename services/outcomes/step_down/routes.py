"""Progress, recommendations and decisions over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from services.outcomes.step_down import commands, queries
from services.outcomes.step_down.policy import StepDownPolicy, policies
from services.outcomes.step_down.schemas import NewDecision, Progress, Recommendation, State
from shared.access import Role
from shared.access.roles import EVERY_STAFF_ROLE
from shared.web import Allowed, Call, CountedPage, Paging, Router, needs_if_match, of_one_client

router = Router(tags=["Step-down"])

Reader = Annotated[
    Call,
    Allowed(Role.COUNSELOR, Role.CLINICAL_LEAD),
]


@router.get("/clients/{client_id}/progress", summary="Show a client's progress")
@of_one_client
async def show_progress(client_id: UUID, call: Reader) -> Progress:
    """Scores, engagement, and what is met and what is missing for a step-down, as of now."""
    return await call.show(lambda tx: queries.show_progress(tx, client_id))


@router.get("/recommendations", summary="List recommendations")
async def list_recommendations(
    call: Reader,
    paging: Annotated[Paging, Depends()],
    client_id: Annotated[UUID | None, Query(description="Of one client only.")] = None,
    site_id: Annotated[UUID | None, Query(description="Of one site only.")] = None,
    state: Annotated[State | None, Query(description="In one state only.")] = None,
) -> CountedPage[Recommendation]:
    """Recommendations to step down, oldest first, each with its explanation, and their number."""
    return await call.show(
        lambda tx: queries.list_recommendations(
            tx, paging, client_id=client_id, site_id=site_id, state=state
        )
    )


@router.get("/recommendations/{recommendation_id}", summary="Show a recommendation")
@of_one_client
async def show_recommendation(recommendation_id: UUID, call: Reader) -> Recommendation:
    """One recommendation; the ETag is needed to decide it."""
    return await call.show(lambda tx: queries.show_recommendation(tx, recommendation_id))


@router.post("/recommendations/{recommendation_id}/decision", summary="Decide a step-down")
@needs_if_match
async def decide_step_down(
    recommendation_id: UUID, body: NewDecision, call: Annotated[Call, Allowed(Role.CLINICAL_LEAD)]
) -> Recommendation:
    """Accept or decline. Clinical judgement overrides the recommendation, with a reason."""
    return await call.update(
        lambda tx, expected: commands.decide(
            tx, recommendation_id, expected, body, decided_by=call.subject
        )
    )


@router.get("/step-down-policies", summary="List step-down policies")
async def list_step_down_policies(
    call: Annotated[Call, Allowed(*EVERY_STAFF_ROLE)],
) -> list[StepDownPolicy]:
    """The policies in force, with version and the source of every criterion."""
    return list(policies().values())
