"""Seats and the waitlist over HTTP; both change by events only."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.scheduling.placement import queries
from services.scheduling.placement.schemas import Placement, PlacementState, WaitingClient
from shared.access import Allowed, Caller, Role
from shared.access.roles import EVERY_STAFF_ROLE
from shared.web import CountedPage, Paging, show

router = APIRouter(tags=["Placement"])

Reader = Annotated[Caller, Allowed(*EVERY_STAFF_ROLE, Role.SERVICE)]


@router.get(
    "/placements",
    response_model=CountedPage[Placement],
    operation_id="list_placements",
    summary="List placements with their explanation",
)
async def list_placements(
    request: Request,
    caller: Reader,
    paging: Annotated[Paging, Depends()],
    site_id: Annotated[UUID | None, Query(description="Only at this site.")] = None,
    state: Annotated[
        PlacementState | None, Query(description="Only those that last, or that ended.")
    ] = None,
    cohort_id: Annotated[UUID | None, Query(description="Only in this cohort.")] = None,
    client_id: Annotated[UUID | None, Query(description="Only of this client.")] = None,
) -> Response:
    """Placements, ended ones included, each with every cohort that was considered."""
    return await show(
        request,
        caller,
        lambda tx: queries.list_placements(
            tx, paging, site_id=site_id, state=state, cohort_id=cohort_id, client_id=client_id
        ),
    )


@router.get(
    "/placements/{placement_id}",
    response_model=Placement,
    operation_id="show_placement",
    summary="Show a placement with its explanation",
)
async def show_placement(placement_id: UUID, request: Request, caller: Reader) -> Response:
    """One placement and why this cohort was chosen."""
    return await show(request, caller, lambda tx: queries.show_placement(tx, placement_id))


@router.get(
    "/waitlist",
    response_model=CountedPage[WaitingClient],
    operation_id="list_waiting_clients",
    summary="List clients who wait for a seat",
)
async def list_waiting_clients(
    request: Request,
    caller: Reader,
    paging: Annotated[Paging, Depends()],
    site_id: Annotated[UUID | None, Query(description="Only at this site.")] = None,
) -> Response:
    """Clients without a seat, with what each cohort lacked: priority populations first, then by the
    time of enrolment, which is the order in which seats are given."""
    return await show(request, caller, lambda tx: queries.list_waiting(tx, paging, site_id))
