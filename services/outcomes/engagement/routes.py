"""Engagement over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.outcomes.engagement import queries
from services.outcomes.engagement.schemas import Engagement, EngagementSummary
from shared.access import Role
from shared.access.roles import CLINICIANS
from shared.web import Allowed, Call, Router, of_one_client

router = Router(tags=["Engagement"])

Clinician = Annotated[Call, Allowed(*CLINICIANS)]
Counting = Annotated[Call, Allowed(*CLINICIANS, Role.SITE_MANAGER, Role.REGIONAL_OPERATIONS)]


@router.get("/clients/{client_id}/engagement", summary="Show a client's engagement")
@of_one_client
async def show_engagement(client_id: UUID, call: Clinician) -> Engagement:
    """Four weeks and the last one up to the latest session, in the stay that goes on, else the
    latest."""
    return await call.show(lambda tx: queries.show_engagement(tx, client_id))


@router.get("/engagement", summary="Sum up engagement by site and cohort")
async def summarize_engagement(
    call: Counting,
    site_id: Annotated[UUID | None, Query(description="Of one site only.")] = None,
) -> EngagementSummary:
    """Each site as a whole, then its cohorts; no client is named."""
    return await call.show(lambda tx: queries.summarize(tx, site_id))
