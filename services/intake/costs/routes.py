"""Estimates over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from services.intake.costs import queries
from services.intake.costs.schemas import CostEstimate, NewEstimate
from shared.access import Allowed, Caller, Role
from shared.web import show

router = APIRouter(tags=["Costs"])

Staff = Annotated[
    Caller, Allowed(Role.FRONT_DESK, Role.SITE_MANAGER, Role.COUNSELOR, Role.CLINICAL_LEAD)
]


@router.post(
    "/cost-estimates",
    response_model=CostEstimate,
    operation_id="get_cost_estimate",
    summary="Estimate what a program costs",
)
async def get_cost_estimate(body: NewEstimate, request: Request, caller: Staff) -> Response:
    """Reckon what a program costs a client, line by line. Nothing is stored and nobody named."""
    return await show(request, caller, lambda tx: queries.estimate_costs(tx, body))
