"""Seats and the waitlist as they are read."""

from typing import Any
from uuid import UUID

import asyncpg
import orjson

from services.scheduling.placement.rules import NO_PRIORITY
from services.scheduling.placement.schemas import (
    ExplainedPlacement,
    Placement,
    PlacementState,
    WaitingClient,
)
from services.scheduling.placement.seats import read_considered
from services.scheduling.waiting.rules import FAMILIES, NO_URGENCY, Family, family_of
from shared.database import Transaction
from shared.errors import found
from shared.web import CountedPage, Paging, count_of, narrowed, page_of

PLACEMENT = """
SELECT p.id, p.site_id, p.client_id, p.enrolment_id, p.cohort_id, c.track,
  CASE WHEN p.ended_at IS NOT NULL THEN 'ended' WHEN p.proposed_until IS NOT NULL THEN 'proposed'
    ELSE 'active' END AS state, p.placed_at, p.proposed_until, p.ended_at,
  p.end_reason, p.criteria, p.primary_therapist_id, p.version{more}
FROM ({found}) AS p JOIN cohorts c ON c.id = p.cohort_id ORDER BY p.id
"""
ONE = PLACEMENT.format(found="SELECT * FROM placements WHERE id = $1", more=", p.considered")
IN_STATE = {
    None: "placements",
    "proposed": "(SELECT * FROM placements WHERE proposed_until IS NOT NULL)",
    "active": "(SELECT * FROM placements WHERE ended_at IS NULL AND proposed_until IS NULL)",
    "ended": "(SELECT * FROM placements WHERE ended_at IS NOT NULL)",
}
TURN = "priority, urgency, coalesce(enrolled_at, waitlisted_at), enrolment_id"
LAST_SHOWN = f"SELECT {TURN} FROM waitlist WHERE id = $1"  # noqa: S608 - the columns are above
NEEDS = {family: need for need, family in FAMILIES.items()}
WAITING = """
SELECT id, site_id, client_id, enrolment_id, dual_diagnosis, gender_group, criteria, waitlisted_at,
  coalesce(enrolled_at, waitlisted_at) AS enrolled_at, priority, urgency, offer_again_at,
  EXISTS (SELECT FROM seat_offers o
          WHERE o.enrolment_id = w.enrolment_id AND o.ended_at IS NULL) AS asked
FROM (SELECT * FROM waitlist WHERE left_at IS NULL) AS w
"""
SEATS_OF_COHORT = """
SELECT id FROM placements
WHERE cohort_id = $1 AND ended_at IS NULL AND proposed_until IS NULL ORDER BY id
"""


async def seats_of(tx: Transaction, cohort_id: UUID) -> dict[UUID, None]:
    """The placements in a cohort that are confirmed and last."""
    return dict.fromkeys(row["id"] for row in await tx.fetch(SEATS_OF_COHORT, cohort_id))


async def show_placement(tx: Transaction, placement_id: UUID) -> ExplainedPlacement:
    """One placement.

    Raises:
        NotFound: when there is none that the caller may see.
    """
    row = found(await tx.fetchrow(ONE, placement_id), "placement")
    considered = read_considered(row["considered"])
    return ExplainedPlacement(**{**_read(row), "considered": considered})


async def list_placements(
    tx: Transaction,
    paging: Paging,
    *,
    site_id: UUID | None,
    state: PlacementState | None,
    cohort_id: UUID | None,
    client_id: UUID | None,
) -> CountedPage[Placement]:
    """Placements, oldest first, ended ones included unless `state` says otherwise."""
    asked = (
        ("p.site_id = ?", site_id),
        ("p.cohort_id = ?", cohort_id),
        ("p.client_id = ANY ((SELECT platform.records_of(?))::uuid[])", client_id),
    )
    rows = f"SELECT p.* FROM {IN_STATE[state]} AS p"  # noqa: S608 - one of the constants above
    where, values = narrowed(*asked)
    count = await tx.fetchval(count_of(f"{rows} {where}"), *values)
    where, values = narrowed(*asked, ("p.id > ?", paging.after))
    limited = f"{rows} {where} ORDER BY p.id LIMIT ${len(values) + 1}"
    page = PLACEMENT.format(found=limited, more="")
    found = await tx.fetch(page, *values, paging.limit + 1)
    shown = page_of([Placement(**_read(row)) for row in found], paging.limit)
    return CountedPage(items=shown.items, next=shown.next, count=count)


async def list_waiting(
    tx: Transaction, paging: Paging, site_id: UUID | None, family: Family | None = None
) -> CountedPage[WaitingClient]:
    """Clients who wait for a seat, of one family of cohorts or of all, in the order in which seats
    are given."""
    dual_diagnosis, gender_group = NEEDS[family] if family else (None, None)
    asked = (
        ("site_id = ?", site_id),
        ("dual_diagnosis = ?", dual_diagnosis),
        ("coalesce(gender_group, '') = ?", family and (gender_group or "")),
    )
    where, values = narrowed(*asked)
    count = await tx.fetchval(count_of(f"{WAITING} {where}"), *values)
    last = await tx.fetchrow(LAST_SHOWN, paging.after) or (None,)
    where, values = narrowed(*asked, (f"({TURN}) > (?, ?, ?, ?)", *last))
    page = f"{WAITING} {where} ORDER BY {TURN} LIMIT ${len(values) + 1}"
    rows = await tx.fetch(page, *values, paging.limit + 1)
    shown = page_of([_waiting(row) for row in rows], paging.limit)
    return CountedPage(items=shown.items, next=shown.next, count=count)


def _waiting(row: asyncpg.Record) -> WaitingClient:
    reckoned = {
        "priority": row["priority"] < NO_PRIORITY,
        "urgent": row["urgency"] < NO_URGENCY,
        "family": family_of(row["dual_diagnosis"], row["gender_group"]),
    }
    return WaitingClient(**{**_read(row), **reckoned})


def _read(row: asyncpg.Record) -> dict[str, Any]:
    return {**dict(row), "criteria": orjson.loads(row["criteria"])}
