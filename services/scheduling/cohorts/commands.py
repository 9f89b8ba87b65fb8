"""Opening and changing cohorts."""

from typing import Any
from uuid import UUID

import orjson

from services.scheduling.cohorts import policy, queries, schemas
from services.scheduling.cohorts.checks import check
from services.scheduling.directory.commands import lock_site
from services.scheduling.hours.policy import level_hours
from services.scheduling.placement.commands import offer_seats
from services.scheduling.placement.policy import placement_policy
from shared.contracts.scheduling import CohortChanged
from shared.database import Transaction, insert, unless_taken, update
from shared.errors import Conflict, require_version
from shared.ids import new_id
from shared.messaging.outbox import publish

TAKEN = "Another cohort of this site has this name."
FURTHEST = "SELECT max(phase) FROM placements WHERE cohort_id = $1 AND ended_at IS NULL"


class CohortNameTaken(Conflict, title="A cohort of the site has this name"):
    """Two cohorts of a site cannot have one name."""


class SeatsAreTaken(Conflict):
    """More clients have a seat than it would have."""


class PhaseInUse(Conflict):
    """A client is in a phase that it would not have."""


async def open_cohort(tx: Transaction, new: schemas.NewCohort) -> schemas.Cohort:
    """Open a cohort and offer its seats to the clients who wait at the site, oldest first;
    publishes CohortChanged.

    Raises:
        NotFound: when there is no such site that the caller may see.
        Invalid: when the cohort would be against the rules, or no client could meet its own.
        CohortNameTaken: when another cohort of the site has the name.
    """
    _check(new, new.site_id)
    await lock_site(tx, new.site_id, pointer="/site_id")
    cohort_id = new_id()
    with unless_taken(CohortNameTaken(TAKEN, pointer="/name")):
        row = {"id": cohort_id, **_row(new), "created_at": tx.now}
        await tx.execute(*insert("cohorts", row))
    _tell(tx, cohort_id, new.site_id, new.capacity)
    await offer_seats(tx, {new.site_id: None})
    return await queries.show_cohort(tx, cohort_id)


async def change_cohort(
    tx: Transaction, expected: int, cohort_id: UUID, changed: schemas.ChangedCohort
) -> schemas.Cohort:
    """Change a cohort, and offer seats that are open by it to the clients who wait at the site. Who
    has a seat keeps it. Publishes CohortChanged.

    Raises:
        NotFound, StaleVersion.
        Invalid: when the cohort would be against the rules, or no client could meet its own.
        CohortNameTaken: when another cohort of the site has the name.
        SeatsAreTaken, PhaseInUse: when clients have what it would not have any more.
    """
    site = await lock_site(tx, (await queries.show_cohort(tx, cohort_id)).site_id)
    cohort = await queries.show_cohort(tx, cohort_id)
    require_version(cohort.version, expected)
    _check(changed, site.id)
    if cohort.seats_taken > changed.capacity:
        raise SeatsAreTaken(
            f"{cohort.seats_taken} clients have a seat: leave as many at least.",
            pointer="/capacity",
        )
    if (await tx.fetchval(FURTHEST, cohort_id) or 1) > max(1, len(changed.phases)):
        raise PhaseInUse("A client is in a phase that would be gone.", pointer="/phases")
    with unless_taken(CohortNameTaken(TAKEN, pointer="/name")):
        await tx.execute(*update("cohorts", _row(changed), where={"id": cohort_id}))
    _tell(tx, cohort_id, site.id, changed.capacity)
    await offer_seats(tx, {site.id: None})
    return await queries.show_cohort(tx, cohort_id)


def _tell(tx: Transaction, cohort_id: UUID, site_id: UUID, capacity: int) -> None:
    what = {"site_id": site_id, "cohort_id": cohort_id, "capacity": capacity}
    publish(tx, CohortChanged(**what, changed_at=tx.now))


def _check(cohort: schemas.ChangedCohort, site_id: UUID) -> None:
    policies = policy.cohort_policy(site_id), placement_policy(site_id), level_hours(site_id)
    check(cohort, *policies)


def _row(cohort: schemas.ChangedCohort) -> dict[str, Any]:
    as_json = cohort.model_dump(mode="json", include={"eligibility", "phases"})
    rows = {n: orjson.dumps(v).decode() for n, v in as_json.items()}
    return {**cohort.model_dump(), **rows}
