"""Cohorts over HTTP."""

from uuid import UUID

from services.scheduling.cohorts import commands, queries
from services.scheduling.cohorts.schemas import ChangedCohort, Cohort, NewCohort
from services.scheduling.directory.routes import AtSite, Manager
from shared.web import Page, Paged, Reader, Router

router = Router(prefix="/cohorts", tags=["Cohorts"])


@router.create("", summary="Open a cohort")
async def open_cohort(body: NewCohort, call: Manager) -> Cohort:
    """Open a cohort at a site. Clients who wait there and fit are placed at once."""
    return await call.create(commands.open_cohort, body, location="/cohorts/{id}")


@router.put("/{cohort_id}", summary="Change a cohort")
async def change_cohort(cohort_id: UUID, body: ChangedCohort, call: Manager) -> Cohort:
    """Replace what a cohort is, whom it takes and its phases. Who has a seat keeps it; clients who
    wait at the site and fit now are placed at once."""
    return await call.update(commands.change_cohort, cohort_id, body)


@router.get("", summary="List cohorts")
async def list_cohorts(call: Reader, paging: Paged, site_id: AtSite = None) -> Page[Cohort]:
    """Cohorts with their taken and free seats."""
    return await call.show(lambda tx: queries.list_cohorts(tx, paging, site_id))


@router.get("/{cohort_id}", summary="Show a cohort")
async def show_cohort(cohort_id: UUID, call: Reader) -> Cohort:
    """One cohort with its taken and free seats."""
    return await call.show(lambda tx: queries.show_cohort(tx, cohort_id))
