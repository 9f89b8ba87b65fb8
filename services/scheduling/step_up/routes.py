"""Partners' seats over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.scheduling.step_up import commands, queries, schemas
from shared.access.roles import CLINICIANS, Role
from shared.contracts.intake import Token
from shared.web import Allowed, Call, Page, Paged, Reader, Router, needs_if_match, of_one_client

router = Router(tags=["Step-up"])

AtLevel = Annotated[Token | None, Query(description="Only at this level.")]
OfSite = Annotated[UUID | None, Query(description="Only of this site.")]
Keeper = Annotated[Call, Allowed(Role.REGIONAL_OPERATIONS, everywhere=True)]
Requester = Annotated[Call, Allowed(*CLINICIANS, Role.SITE_MANAGER)]


@router.create("/partner-slots", summary="Enter a partner's seats")
async def add_partner_slot(body: schemas.NewPartnerSlot, call: Keeper) -> schemas.PartnerSlot:
    """Seats that a partner keeps for our clients at one level of care."""
    return await call.create(commands.enter_slot, body, location="/partner-slots/{id}")


@router.get("/partner-slots", summary="List partners' seats")
async def list_partner_slots(
    call: Reader, paging: Paged, level: AtLevel = None
) -> Page[schemas.PartnerSlot]:
    """Partners' seats with how many of them are held."""
    return await call.show(lambda tx: queries.list_slots(tx, paging, level))


@router.get("/partner-slots/{slot_id}", summary="Show a partner's seats")
async def show_partner_slot(slot_id: UUID, call: Reader) -> schemas.PartnerSlot:
    """One partner's seats at one level; the ETag is needed to change them."""
    return await call.show(lambda tx: queries.show_slot(tx, slot_id))


@router.put("/partner-slots/{slot_id}", summary="Change the number of a partner's seats")
async def change_partner_slot(
    slot_id: UUID, body: schemas.PartnerSeats, call: Keeper
) -> schemas.PartnerSlot:
    """Never below what is held now."""
    return await call.update(commands.change_slot, slot_id, body)


@router.create("/step-up-requests", summary="Hold a partner's seat for a client")
async def hold_partner_seat(
    body: schemas.NewStepUpRequest, call: Requester
) -> schemas.StepUpRequest:
    """Look for a seat at a higher level and hold it for the time that the policy says."""
    return await call.create(commands.request_step_up, body, location="/step-up-requests/{id}")


@router.get("/step-up-requests", summary="List seats held for clients")
async def list_step_up_requests(
    call: Reader, paging: Paged, site_id: OfSite = None
) -> Page[schemas.StepUpRequest]:
    """Partners' seats that are or were held, the oldest first."""
    return await call.show(lambda tx: queries.list_requests(tx, paging, site_id))


@router.get("/step-up-requests/{request_id}", summary="Show a seat held for a client")
@of_one_client
async def show_step_up_request(request_id: UUID, call: Reader) -> schemas.StepUpRequest:
    """Which partner's seat is held, and until when."""
    return await call.show(lambda tx: queries.show_request(tx, request_id))


@router.post("/step-up-requests/{request_id}/release", summary="Release a partner's seat")
@needs_if_match
async def complete_step_up_request(
    request_id: UUID, body: schemas.Release, call: Requester
) -> schemas.StepUpRequest:
    """The client went there, or does not need the seat."""
    return await call.update(commands.release, request_id, body)
