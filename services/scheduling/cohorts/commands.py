"""Opening and changing cohorts."""

from typing import Any
from uuid import UUID

from services.scheduling.cohorts.checks import check
from services.scheduling.cohorts.policy import cohort_policy
from services.scheduling.cohorts.queries import show_cohort
from services.scheduling.cohorts.schemas import ChangedCohort, Cohort, NewCohort
from services.scheduling.directory.commands import lock_site
from services.scheduling.hours.policy import level_hours
from services.scheduling.placement.commands import offer_seats
from services.scheduling.placement.policy import placement_policy
from shared.contracts.scheduling import CohortChanged
from shared.database import Transaction, as_json, insert, unless_taken, update
from shared.errors import Conflict, require_version
from shared.ids import new_id
from shared.messaging.outbox import publish

FURTHEST = "SELECT max(phase) FROM placements WHERE cohort_id = $1 AND ended_at IS NULL"


class CohortNameTaken(Conflict, title="A cohort of the site has this name"):
    """Two cohorts of a site cannot have one name."""


class SeatsAreTaken(Conflict):
    """More clients have a seat than it would have."""


class PhaseInUse(Conflict):
    """A client is in a phase that it would not have."""


async def open_cohort(tx: Transaction, new: NewCohort) -> Cohort:
    """Open a cohort and offer its seats to the clients who wait at the site, oldest first;
    publishes CohortChanged.

    Raises:
        NotFound: when there is no such site that the caller may see.
        Invalid: when the cohort would be against the rules, or no client could meet its own.
        CohortNameTaken: when another cohort of the site has the name.
    """
    check(new, cohort_policy(new.site_id), placement_policy(new.site_id), level_hours(new.site_id))
    await lock_site(tx, new.site_id, pointer="/site_id")
    row = {"id": new_id(), **_row(new), "created_at": tx.now}
    return await _write(tx, row["id"], *insert("cohorts", row))


async def change_cohort(
    tx: Transaction, expected: int, cohort_id: UUID, changed: ChangedCohort
) -> Cohort:
    """Change a cohort, and offer seats that are open by it to the clients who wait at the site. Who
    has a seat keeps it. Publishes CohortChanged.

    Raises:
        NotFound, StaleVersion.
        Invalid: when the cohort would be against the rules, or no client could meet its own.
        CohortNameTaken: when another cohort of the site has the name.
        SeatsAreTaken, PhaseInUse: when clients have what it would not have any more.
    """
    site = await lock_site(tx, (await show_cohort(tx, cohort_id)).site_id)
    cohort = await show_cohort(tx, cohort_id)
    require_version(cohort.version, expected)
    check(changed, cohort_policy(site.id), placement_policy(site.id), level_hours(site.id))
    if cohort.seats_taken > changed.capacity:
        words = f"{cohort.seats_taken} clients have a seat: leave as many at least."
        raise SeatsAreTaken(words, pointer="/capacity")
    if (await tx.fetchval(FURTHEST, cohort_id) or 1) > max(1, len(changed.phases)):
        raise PhaseInUse("A client is in a phase that would be gone.", pointer="/phases")
    change = update("cohorts", _row(changed), where={"id": cohort_id})
    return await _write(tx, cohort_id, *change)


def _row(cohort: ChangedCohort) -> dict[str, Any]:
    as_text = {"eligibility": as_json(cohort.eligibility), "phases": as_json(cohort.phases)}
    return {**cohort.model_dump(), **as_text}


async def _write(tx: Transaction, cohort_id: UUID, *statement: Any) -> Cohort:
    """Write a cohort, and tell of it and of its seats."""
    with unless_taken(
        CohortNameTaken("Another cohort of this site has this name.", pointer="/name")
    ):
        await tx.execute(*statement)
    cohort = await show_cohort(tx, cohort_id)
    publish(tx, CohortChanged(**dict(cohort), cohort_id=cohort_id, changed_at=tx.now))
    await offer_seats(tx, {cohort.site_id: None})
    return await show_cohort(tx, cohort_id)
