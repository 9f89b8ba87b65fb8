"""Cohorts over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.scheduling.cohorts import commands, queries
from services.scheduling.cohorts.schemas import Cohort, NewCohort
from shared.access import Allowed, Caller, Role
from shared.access.roles import EVERY_STAFF_ROLE
from shared.web import Page, Paging, create, show

router = APIRouter(prefix="/cohorts", tags=["Cohorts"])

Reader = Annotated[Caller, Allowed(*EVERY_STAFF_ROLE, Role.SERVICE)]


@router.post(
    "", status_code=201, response_model=Cohort, operation_id="open_cohort", summary="Open a cohort"
)
async def open_cohort(
    body: NewCohort,
    request: Request,
    caller: Annotated[Caller, Allowed(Role.SITE_MANAGER, Role.REGIONAL_OPERATIONS)],
) -> Response:
    """Open a cohort at a site. Clients who wait there and fit are placed at once."""
    return await create(
        request,
        caller,
        lambda tx: commands.open_cohort(tx, body),
        location=lambda made: f"/cohorts/{made.id}",
    )


@router.get("", response_model=Page[Cohort], operation_id="list_cohorts", summary="List cohorts")
async def list_cohorts(
    request: Request,
    caller: Reader,
    paging: Annotated[Paging, Depends()],
    site_id: Annotated[UUID | None, Query(description="Only at this site.")] = None,
) -> Response:
    """Cohorts with their taken and free seats."""
    return await show(request, caller, lambda tx: queries.list_cohorts(tx, paging, site_id))


@router.get(
    "/{cohort_id}", response_model=Cohort, operation_id="show_cohort", summary="Show a cohort"
)
async def show_cohort(cohort_id: UUID, request: Request, caller: Reader) -> Response:
    """One cohort with its taken and free seats."""
    return await show(request, caller, lambda tx: queries.show_cohort(tx, cohort_id))
