"""Seats and the waitlist as they are read."""

from uuid import UUID

from services.scheduling.placement import schemas
from services.scheduling.placement.arrivals import of_client
from services.scheduling.placement.chart import rank
from services.scheduling.placement.rules.values import NO_PRIORITY
from services.scheduling.placement.seats import considered_json, read_considered
from services.scheduling.waiting.rules import FAMILIES, NO_URGENCY, Family, family_of
from shared.database import Record, Transaction
from shared.errors import found
from shared.web import CountedPage, Paging, counted_page

PLACEMENT = """
SELECT p.id, p.site_id, p.client_id, p.enrolment_id, p.cohort_id,
  (SELECT track FROM cohorts c WHERE c.id = p.cohort_id) AS track,
  CASE WHEN p.ended_at IS NOT NULL THEN 'ended' WHEN p.proposed_until IS NOT NULL THEN 'proposed'
    ELSE 'active' END AS state, p.placed_at, p.proposed_until, p.ended_at,
  p.end_reason, p.criteria, p.primary_therapist_id, p.version{more}
FROM placements p
"""
ONE = PLACEMENT.format(more=", p.considered") + "WHERE p.id = $1"
IN_STATE = {
    None: "",
    "proposed": "p.proposed_until IS NOT NULL",
    "active": "p.ended_at IS NULL AND p.proposed_until IS NULL",
    "ended": "p.ended_at IS NOT NULL",
}
TURN = "priority, urgency, coalesce(enrolled_at, waitlisted_at), enrolment_id"
LAST_SHOWN = f"SELECT {TURN} FROM waitlist WHERE id = $1"  # noqa: S608 - the columns are above
NEEDS = {family: need for need, family in FAMILIES.items()}
WAITING = """
SELECT id, site_id, client_id, enrolment_id, dual_diagnosis, gender_group, criteria, waitlisted_at,
  coalesce(enrolled_at, waitlisted_at) AS enrolled_at, priority, urgency, offer_again_at,
  EXISTS (SELECT FROM seat_offers o
          WHERE o.enrolment_id = w.enrolment_id AND o.ended_at IS NULL) AS asked
FROM waitlist w
"""
SEAT = "SELECT cohort_id FROM placements WHERE enrolment_id = $1 AND ended_at IS NULL"
SEATS_OF_COHORT = """
SELECT id FROM placements
WHERE cohort_id = $1 AND ended_at IS NULL AND proposed_until IS NULL ORDER BY id
"""


async def seats_of(tx: Transaction, cohort_id: UUID) -> dict[UUID, None]:
    """The placements in a cohort that are confirmed and last."""
    return dict.fromkeys(row["id"] for row in await tx.fetch(SEATS_OF_COHORT, cohort_id))


async def show_placement(tx: Transaction, placement_id: UUID) -> schemas.ExplainedPlacement:
    """One placement.

    Raises:
        NotFound: when there is none that the caller may see.
    """
    row = found(await tx.fetchrow(ONE, placement_id), "placement")
    considered = read_considered(row["considered"])
    return schemas.ExplainedPlacement.from_row({**row, "considered": considered})


async def list_placements(
    tx: Transaction, paging: Paging, asked: schemas.AskedPlacements
) -> CountedPage[schemas.Placement]:
    """Placements, oldest first, ended ones included unless the state says otherwise."""
    where = (
        ("p.site_id = ?", asked.site_id),
        ("p.cohort_id = ?", asked.cohort_id),
        ("p.client_id = ANY ((SELECT platform.records_of(?))::uuid[])", asked.client_id),
    )
    read, rest = schemas.Placement.from_row, {"always": IN_STATE[asked.state], "order": "p.id"}
    return await counted_page(tx, PLACEMENT.format(more=""), paging, read, *where, **rest)


async def preview_placement(tx: Transaction, client_id: UUID) -> schemas.PlacementPreview:
    """Every cohort in reach as it would be ranked now for a client who enrolled, the best first and
    those that cannot be joined last; a seat that the client has is taken for free.

    Raises:
        NotFound: no stay of the client is known at a site that the caller may see.
    """
    arrival = await of_client(tx, client_id)
    choice = await rank(tx, arrival, await tx.fetchval(SEAT, arrival.enrolment_id))
    cohorts = [schemas.ConsideredCohort(**one) for one in read_considered(considered_json(choice))]
    cohorts.sort(key=lambda one: (one.rank is None, one.rank, one.cohort_id))
    stay = {"site_id": arrival.site_id, "enrolment_id": arrival.enrolment_id}
    return schemas.PlacementPreview(client_id=client_id, **stay, cohorts=cohorts)


async def list_waiting(
    tx: Transaction, paging: Paging, site_id: UUID | None, family: Family | None = None
) -> CountedPage[schemas.WaitingClient]:
    """Clients who wait for a seat, of one family of cohorts or of all, in the order in which seats
    are given."""
    dual_diagnosis, gender_group = NEEDS[family] if family else (None, None)
    last = await tx.fetchrow(LAST_SHOWN, paging.after) or (None,)
    return await counted_page(
        tx,
        WAITING,
        paging,
        _waiting,
        ("site_id = ?", site_id),
        ("dual_diagnosis = ?", dual_diagnosis),
        ("coalesce(gender_group, '') = ?", family and (gender_group or "")),
        always="left_at IS NULL",
        order=TURN,
        behind=(f"({TURN}) > (?, ?, ?, ?)", *last),
    )


def _waiting(row: Record) -> schemas.WaitingClient:
    reckoned = {
        "priority": row["priority"] < NO_PRIORITY,
        "urgent": row["urgency"] < NO_URGENCY,
        "family": family_of(row["dual_diagnosis"], row["gender_group"]),
    }
    return schemas.WaitingClient.from_row({**row, **reckoned})
