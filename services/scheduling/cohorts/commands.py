"""Opening cohorts."""

import asyncpg

from services.scheduling.cohorts.queries import show_cohort
from services.scheduling.cohorts.rules import require_lawful_size, require_trained_staff
from services.scheduling.cohorts.schemas import Cohort, NewCohort
from services.scheduling.directory.commands import lock_sites
from services.scheduling.directory.queries import show_site
from services.scheduling.placement.commands import offer_seats
from services.scheduling.placement.policy import placement_policy
from shared.database import Transaction, insert
from shared.errors import Conflict
from shared.ids import new_id


class CohortNameTaken(Conflict):
    """Two cohorts of a site cannot have one name."""

    title = "A cohort of the site has this name"


async def open_cohort(tx: Transaction, new: NewCohort) -> Cohort:
    """Open a cohort and offer its seats to the clients who wait at the site, oldest first.

    Raises:
        NotFound: when there is no such site that the caller may see.
        StaffNotTrained, CapacityAboveCap: when the cohort would be against the rules.
        CohortNameTaken: when another cohort of the site has the name.
    """
    require_trained_staff(new.track, new.dual_diagnosis_trained)
    require_lawful_size(new.capacity, placement_policy(new.site_id).seats)
    await show_site(tx, new.site_id, pointer="/site_id")
    await lock_sites(tx, [new.site_id])
    cohort_id = new_id()
    try:
        row = {"id": cohort_id, **new.model_dump(), "created_at": tx.now}
        await tx.execute(*insert("cohorts", row))
    except asyncpg.UniqueViolationError:
        raise CohortNameTaken(
            "Another cohort of this site has this name.", pointer="/name"
        ) from None
    await offer_seats(tx, {new.site_id: None})
    return await show_cohort(tx, cohort_id)
