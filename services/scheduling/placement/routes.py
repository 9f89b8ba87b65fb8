"""Seats and the waitlist over HTTP; both change by events only."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from services.scheduling.placement import queries
from services.scheduling.placement.schemas import Placement, PlacementState, WaitingClient
from services.scheduling.waiting.rules import Family
from shared.access import Role
from shared.access.roles import EVERY_STAFF_ROLE
from shared.web import Allowed, Call, CountedPage, Paging, Router, of_one_client

router = Router(tags=["Placement"])

Reader = Annotated[Call, Allowed(*EVERY_STAFF_ROLE, Role.SERVICE)]


@router.get("/placements", summary="List placements with their explanation")
async def list_placements(
    call: Reader,
    paging: Annotated[Paging, Depends()],
    site_id: Annotated[UUID | None, Query(description="Only at this site.")] = None,
    state: Annotated[
        PlacementState | None, Query(description="Only those that last, or that ended.")
    ] = None,
    cohort_id: Annotated[UUID | None, Query(description="Only in this cohort.")] = None,
    client_id: Annotated[UUID | None, Query(description="Only of this client.")] = None,
) -> CountedPage[Placement]:
    """Placements, ended ones included, each with every cohort that was considered."""
    return await call.show(
        lambda tx: queries.list_placements(
            tx, paging, site_id=site_id, state=state, cohort_id=cohort_id, client_id=client_id
        )
    )


@router.get("/placements/{placement_id}", summary="Show a placement with its explanation")
@of_one_client
async def show_placement(placement_id: UUID, call: Reader) -> Placement:
    """One placement and why this cohort was chosen."""
    return await call.show(lambda tx: queries.show_placement(tx, placement_id))


@router.get("/waitlist", summary="List clients who wait for a seat")
async def list_waiting_clients(
    call: Reader,
    paging: Annotated[Paging, Depends()],
    site_id: Annotated[UUID | None, Query(description="Only at this site.")] = None,
    family: Annotated[Family | None, Query(description="Only who waits for these cohorts.")] = None,
) -> CountedPage[WaitingClient]:
    """Clients without a seat, with what each cohort lacked: priority populations first, then by
    clinical urgency and the time of enrolment, which is the order in which seats are given."""
    return await call.show(lambda tx: queries.list_waiting(tx, paging, site_id, family))
