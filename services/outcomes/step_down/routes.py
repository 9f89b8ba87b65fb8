"""Progress, recommendations and decisions over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.outcomes.step_down import commands, queries
from services.outcomes.step_down.policy import StepDownPolicy, policies
from services.outcomes.step_down.schemas import NewDecision, Progress, Recommendation, State
from shared.access import Allowed, Caller, Role
from shared.access.roles import EVERY_STAFF_ROLE
from shared.web import CountedPage, Paging, needs_if_match, show, update

router = APIRouter(tags=["Step-down"])

Reader = Annotated[
    Caller,
    Allowed(Role.COUNSELOR, Role.CLINICAL_LEAD),
]


@router.get(
    "/clients/{client_id}/progress",
    response_model=Progress,
    operation_id="show_progress",
    summary="Show a client's progress",
)
async def show_progress(client_id: UUID, request: Request, caller: Reader) -> Response:
    """Scores, engagement, and what is met and what is missing for a step-down, as of now."""
    return await show(request, caller, lambda tx: queries.show_progress(tx, client_id))


@router.get(
    "/recommendations",
    response_model=CountedPage[Recommendation],
    operation_id="list_recommendations",
    summary="List recommendations",
)
async def list_recommendations(
    request: Request,
    caller: Reader,
    paging: Annotated[Paging, Depends()],
    client_id: Annotated[UUID | None, Query(description="Of one client only.")] = None,
    site_id: Annotated[UUID | None, Query(description="Of one site only.")] = None,
    state: Annotated[State | None, Query(description="In one state only.")] = None,
) -> Response:
    """Recommendations to step down, oldest first, each with its explanation, and their number."""
    return await show(
        request,
        caller,
        lambda tx: queries.list_recommendations(
            tx, paging, client_id=client_id, site_id=site_id, state=state
        ),
    )


@router.get(
    "/recommendations/{recommendation_id}",
    response_model=Recommendation,
    operation_id="show_recommendation",
    summary="Show a recommendation",
)
async def show_recommendation(
    recommendation_id: UUID, request: Request, caller: Reader
) -> Response:
    """One recommendation; the ETag is needed to decide it."""
    return await show(
        request, caller, lambda tx: queries.show_recommendation(tx, recommendation_id)
    )


@router.post(
    "/recommendations/{recommendation_id}/decision",
    response_model=Recommendation,
    operation_id="decide_step_down",
    summary="Decide a step-down",
)
@needs_if_match
async def decide_step_down(
    recommendation_id: UUID,
    body: NewDecision,
    request: Request,
    caller: Annotated[Caller, Allowed(Role.CLINICAL_LEAD)],
) -> Response:
    """Accept or decline. Clinical judgement overrides the recommendation, with a reason."""
    return await update(
        request,
        caller,
        lambda tx, expected: commands.decide(
            tx, recommendation_id, expected, body, decided_by=caller.subject
        ),
    )


@router.get(
    "/step-down-policies",
    response_model=list[StepDownPolicy],
    operation_id="list_step_down_policies",
    summary="List step-down policies",
)
async def list_policies(
    caller: Annotated[Caller, Allowed(*EVERY_STAFF_ROLE)],
) -> list[StepDownPolicy]:
    """The policies in force, with version and the source of every criterion."""
    return list(policies().values())
