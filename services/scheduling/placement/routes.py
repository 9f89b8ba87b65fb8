"""Seats and the waitlist over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.scheduling.directory.routes import AtSite
from services.scheduling.placement import confirming, queries, schemas
from services.scheduling.waiting.rules import Family
from shared.access import Role
from shared.access.roles import CLINICIANS
from shared.web import Allowed, Call, CountedPage, Paged, Reader, Router, of_one_client

router = Router(tags=["Placement"])


@router.get("/placements", summary="List placements")
async def list_placements(
    call: Reader, asked: Annotated[schemas.AskedPlacements, Query()], paging: Paged
) -> CountedPage[schemas.Placement]:
    """Placements, ended ones included, each with why its cohort was chosen; the others that were
    considered are shown with the single one."""
    return await call.show(lambda tx: queries.list_placements(tx, paging, asked))


@router.get("/placements/preview", summary="Rank the cohorts for a client")
@of_one_client
async def preview_placement(
    client_id: Annotated[UUID, Query(description="Who enrolled.")], call: Reader
) -> schemas.PlacementPreview:
    """Every cohort in reach with a sentence and its criteria, as it would be ranked for the client
    now. Nothing is changed by it."""
    return await call.show(lambda tx: queries.preview_placement(tx, client_id))


@router.create("/placements/{placement_id}/confirm", summary="Confirm a proposed placement")
async def confirm_placement(
    placement_id: UUID,
    body: schemas.Confirmation,
    call: Annotated[Call, Allowed(*CLINICIANS, Role.SITE_MANAGER)],
) -> schemas.ExplainedPlacement:
    """Give a client the seat that was proposed, or one in another cohort in reach. A rule that the
    cohort lacks can be set aside with a reason where the policy allows it."""
    confirm = confirming.confirm_placement
    return await call.create(confirm, placement_id, body, location="/placements/{id}")


@router.get("/placements/{placement_id}", summary="Show a placement with its explanation")
@of_one_client
async def show_placement(placement_id: UUID, call: Reader) -> schemas.ExplainedPlacement:
    """One placement, why this cohort was chosen, and every other one in reach then."""
    return await call.show(lambda tx: queries.show_placement(tx, placement_id))


@router.get("/waitlist", summary="List clients who wait for a seat")
async def list_waiting_clients(
    call: Reader,
    paging: Paged,
    site_id: AtSite = None,
    family: Annotated[Family | None, Query(description="Only who waits for these cohorts.")] = None,
) -> CountedPage[schemas.WaitingClient]:
    """Clients without a seat, with what each cohort lacked: priority populations first, then by
    clinical urgency and the time of enrolment, which is the order in which seats are given."""
    return await call.show(lambda tx: queries.list_waiting(tx, paging, site_id, family))
