"""Estimates over HTTP."""

from typing import Annotated

from services.intake.costs import queries
from services.intake.costs.schemas import CostEstimate, NewEstimate
from shared.access.roles import SITE_STAFF
from shared.web import Allowed, Call, Router

router = Router(tags=["Costs"])

Staff = Annotated[Call, Allowed(*SITE_STAFF)]


@router.post("/cost-estimates", summary="Estimate what a program costs")
async def get_cost_estimate(body: NewEstimate, call: Staff) -> CostEstimate:
    """Reckon what a program costs a client, line by line. Nothing is stored and nobody named."""
    return await call.show(lambda tx: queries.estimate_costs(tx, body))
