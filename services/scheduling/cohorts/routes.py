"""Cohorts over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from services.scheduling.cohorts import commands, queries
from services.scheduling.cohorts.schemas import ChangedCohort, Cohort, NewCohort
from shared.access import Role
from shared.access.roles import EVERY_STAFF_ROLE
from shared.web import Allowed, Call, Page, Paging, Router

router = Router(prefix="/cohorts", tags=["Cohorts"])

Reader = Annotated[Call, Allowed(*EVERY_STAFF_ROLE, Role.SERVICE)]


@router.post("", status_code=201, summary="Open a cohort")
async def open_cohort(
    body: NewCohort, call: Annotated[Call, Allowed(Role.SITE_MANAGER, Role.REGIONAL_OPERATIONS)]
) -> Cohort:
    """Open a cohort at a site. Clients who wait there and fit are placed at once."""
    return await call.create(
        lambda tx: commands.open_cohort(tx, body), location=lambda made: f"/cohorts/{made.id}"
    )


@router.put("/{cohort_id}", summary="Change a cohort")
async def change_cohort(
    cohort_id: UUID,
    body: ChangedCohort,
    call: Annotated[Call, Allowed(Role.SITE_MANAGER, Role.REGIONAL_OPERATIONS)],
) -> Cohort:
    """Replace what a cohort is, whom it takes and its phases. Who has a seat keeps it; clients who
    wait at the site and fit now are placed at once."""
    return await call.update(
        lambda tx, expected: commands.change_cohort(tx, cohort_id, expected, body)
    )


@router.get("", summary="List cohorts")
async def list_cohorts(
    call: Reader,
    paging: Annotated[Paging, Depends()],
    site_id: Annotated[UUID | None, Query(description="Only at this site.")] = None,
) -> Page[Cohort]:
    """Cohorts with their taken and free seats."""
    return await call.show(lambda tx: queries.list_cohorts(tx, paging, site_id))


@router.get("/{cohort_id}", summary="Show a cohort")
async def show_cohort(cohort_id: UUID, call: Reader) -> Cohort:
    """One cohort with its taken and free seats."""
    return await call.show(lambda tx: queries.show_cohort(tx, cohort_id))
