"""Seats and the waitlist as they are read."""

from typing import Any
from uuid import UUID

import asyncpg
import orjson

from services.scheduling.appointments.commands import Seat
from services.scheduling.placement.rules import NO_PRIORITY
from services.scheduling.placement.schemas import Placement, WaitingClient
from shared.database import Transaction
from shared.errors import NotFound
from shared.web import Page, Paging, page_of

PLACEMENT = """
SELECT p.id, p.site_id, p.client_id, p.enrolment_id, p.cohort_id, c.track,
  CASE WHEN p.ended_at IS NULL THEN 'active' ELSE 'ended' END AS state,
  p.placed_at, p.ended_at, p.end_reason, p.criteria, p.considered
FROM placements p JOIN cohorts c ON c.id = p.cohort_id
"""
ONE = PLACEMENT + "WHERE p.id = $1"
MANY = (
    PLACEMENT
    + """
WHERE p.id > $1
  AND ($3::uuid IS NULL OR p.client_id = ANY ((SELECT platform.records_of($3))::uuid[]))
  AND ($4::uuid IS NULL OR p.cohort_id = $4)
ORDER BY p.id LIMIT $2
"""
)
WAITING = """
SELECT id, site_id, client_id, enrolment_id, dual_diagnosis, gender_group, waitlisted_at, criteria,
  priority < $4 AS priority
FROM waitlist w
WHERE left_at IS NULL AND ($3::uuid IS NULL OR site_id = $3)
  AND (w.priority, place) > ALL (SELECT priority, place FROM waitlist WHERE id = $1)
ORDER BY w.priority, place LIMIT $2
"""
SEATS_OF_COHORT = """
SELECT id, client_id FROM placements WHERE cohort_id = $1 AND ended_at IS NULL ORDER BY id
"""


async def seats_of(tx: Transaction, cohort_id: UUID) -> list[Seat]:
    """The clients placed in a cohort now."""
    rows = await tx.fetch(SEATS_OF_COHORT, cohort_id)
    return [Seat(row["id"], row["client_id"], cohort_id) for row in rows]


async def show_placement(tx: Transaction, placement_id: UUID) -> Placement:
    """One placement.

    Raises:
        NotFound: when there is none that the caller may see.
    """
    row = await tx.fetchrow(ONE, placement_id)
    if row is None:
        raise NotFound("There is no such placement.")
    return Placement(**_read(row))


async def list_placements(
    tx: Transaction, paging: Paging, client_id: UUID | None, cohort_id: UUID | None
) -> Page[Placement]:
    """Placements, oldest first, ended ones included."""
    rows = await tx.fetch(MANY, paging.after, paging.limit + 1, client_id, cohort_id)
    return page_of([Placement(**_read(row)) for row in rows], paging.limit)


async def list_waiting(
    tx: Transaction, paging: Paging, site_id: UUID | None
) -> Page[WaitingClient]:
    """Clients who wait for a seat: priority populations first, then in the order of arrival."""
    rows = await tx.fetch(WAITING, paging.after, paging.limit + 1, site_id, NO_PRIORITY)
    return page_of([WaitingClient(**_read(row)) for row in rows], paging.limit)


def _read(row: asyncpg.Record) -> dict[str, Any]:
    explained = {
        name: orjson.loads(value)
        for name, value in row.items()
        if name in ("criteria", "considered")
    }
    return {**dict(row), **explained}
