"""Cohorts as they are read."""

from uuid import UUID

from services.scheduling.cohorts.checks import below_level
from services.scheduling.cohorts.schemas import Cohort
from services.scheduling.hours.policy import level_hours
from services.scheduling.placement.policy import placement_policy
from shared.database import Record, Transaction
from shared.errors import found
from shared.web import Page, Paging, page

COHORTS = "SELECT * FROM cohorts"


async def show_cohort(tx: Transaction, cohort_id: UUID) -> Cohort:
    """One cohort.

    Raises:
        NotFound: when there is none that the caller may see.
    """
    return _read(found(await tx.fetchrow(f"{COHORTS} WHERE id = $1", cohort_id), "cohort"))


async def list_cohorts(tx: Transaction, paging: Paging, site_id: UUID | None) -> Page[Cohort]:
    """Cohorts, oldest first."""
    return await page(tx, COHORTS, paging, _read, ("site_id = ?", site_id))


def _read(row: Record) -> Cohort:
    usable = min(row["capacity"], placement_policy(row["site_id"]).seats.hard_cap)
    free = max(0, usable - row["seats_taken"])
    cohort = Cohort.from_row({**row, "seats_free": free, "warnings": []})
    questionable = below_level(cohort, level_hours(cohort.site_id))
    return cohort.model_copy(update={"warnings": list(questionable.values())})
