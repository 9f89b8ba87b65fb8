"""Cohorts as they are read."""

from uuid import UUID

import asyncpg

from services.scheduling.cohorts.schemas import Cohort
from services.scheduling.placement.policy import placement_policy
from shared.database import Transaction
from shared.errors import found
from shared.web import Page, Paging, page_of

COHORT = """
SELECT c.id, c.site_id, c.name, c.track, c.gender_group, c.capacity, c.dual_diagnosis_trained,
  c.created_at, c.version,
  (SELECT count(*) FROM placements p WHERE p.cohort_id = c.id AND p.ended_at IS NULL)
  + (SELECT count(*) FROM seat_offers o WHERE o.cohort_id = c.id AND o.ended_at IS NULL)
    AS seats_taken
FROM cohorts c
"""
ONE = COHORT + "WHERE c.id = $1"
MANY = COHORT + "WHERE c.id > $1 AND ($3::uuid IS NULL OR c.site_id = $3) ORDER BY c.id LIMIT $2"


async def show_cohort(tx: Transaction, cohort_id: UUID) -> Cohort:
    """One cohort.

    Raises:
        NotFound: when there is none that the caller may see.
    """
    row = found(await tx.fetchrow(ONE, cohort_id), "cohort")
    return _read(row)


async def list_cohorts(tx: Transaction, paging: Paging, site_id: UUID | None) -> Page[Cohort]:
    """Cohorts, oldest first."""
    rows = await tx.fetch(MANY, paging.after, paging.limit + 1, site_id)
    return page_of([_read(row) for row in rows], paging.limit)


def _read(row: asyncpg.Record) -> Cohort:
    usable = min(row["capacity"], placement_policy(row["site_id"]).seats.hard_cap)
    return Cohort(**dict(row), seats_free=max(0, usable - row["seats_taken"]))
