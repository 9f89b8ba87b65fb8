"""Estimates over HTTP."""

from typing import Annotated

from services.intake.costs import queries
from services.intake.costs.schemas import CostEstimate, NewEstimate
from shared.access import Role
from shared.web import Allowed, Call, Router

router = Router(tags=["Costs"])

Staff = Annotated[
    Call, Allowed(Role.FRONT_DESK, Role.SITE_MANAGER, Role.COUNSELOR, Role.CLINICAL_LEAD)
]


@router.post("/cost-estimates", summary="Estimate what a program costs")
async def get_cost_estimate(body: NewEstimate, call: Staff) -> CostEstimate:
    """Reckon what a program costs a client, line by line. Nothing is stored and nobody named."""
    return await call.show(lambda tx: queries.estimate_costs(tx, body))
