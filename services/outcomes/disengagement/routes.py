"""Disengagement over HTTP."""

from typing import Annotated
from uuid import UUID

from services.outcomes.directory.schemas import OneSite
from services.outcomes.disengagement import queries
from services.outcomes.disengagement.policy import DisengagementPolicy, disengagement_policy
from services.outcomes.disengagement.schemas import Disengagement
from shared.access.roles import CLINICIANS, EVERY_STAFF_ROLE
from shared.web import Allowed, Call, Page, Paged, Router, of_one_client

router = Router(tags=["Disengagement"])

Clinician = Annotated[Call, Allowed(*CLINICIANS)]


@router.get("/clients/{client_id}/disengagement", summary="Show a client's disengagement")
@of_one_client
async def show_disengagement(client_id: UUID, call: Clinician) -> Disengagement:
    """The score of the stay that goes on, else of the latest, with every factor of it."""
    return await call.show(lambda tx: queries.show_disengagement(tx, client_id))


@router.get("/disengagement-risks", summary="List stays at risk of breaking off")
async def list_disengagement_risks(
    call: Clinician, paging: Paged, site_id: OneSite = None
) -> Page[Disengagement]:
    """Stays that go on, whose risk was raised and is not cleared."""
    return await call.show(lambda tx: queries.list_at_risk(tx, paging, site_id=site_id))


@router.get("/disengagement-policy", summary="Show how disengagement is scored")
async def show_disengagement_policy(
    call: Annotated[Call, Allowed(*EVERY_STAFF_ROLE)], site_id: OneSite = None
) -> DisengagementPolicy:
    """The weights and bounds in force, everywhere or at a site, each with its source."""
    return disengagement_policy(site_id)
