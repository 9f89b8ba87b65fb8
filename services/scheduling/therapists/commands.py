"""Giving a client a primary therapist, never more clients than the person's limit."""

from uuid import UUID

from services.scheduling.placement.queries import show_placement
from services.scheduling.placement.schemas import ExplainedPlacement
from services.scheduling.therapists.schemas import NewTherapist
from shared.contracts.scheduling import PrimaryTherapistChanged
from shared.database import Transaction, at_all_sites, update
from shared.errors import Conflict, found, require_version
from shared.messaging.outbox import publish

LOCK = """
SELECT id, site_id, client_id, enrolment_id, ended_at, version, primary_therapist_id
FROM placements WHERE id = $1 FOR NO KEY UPDATE
"""
THERAPIST = """
SELECT s.caseload_limit FROM staff s
WHERE s.id = $1 AND s.left_at IS NULL
  AND EXISTS (SELECT FROM staff_sites w WHERE w.staff_id = s.id AND w.site_id = $2)
FOR NO KEY UPDATE
"""
CASELOAD = "SELECT count(*) FROM placements WHERE primary_therapist_id = $1 AND ended_at IS NULL"


class StayEnded(Conflict, title="The stay has ended"):
    """The client has left the seat."""


class CaseloadFull(Conflict, title="The caseload is full"):
    """The person has as many clients as the limit says."""


async def change_therapist(
    tx: Transaction, expected: int, placement_id: UUID, new: NewTherapist
) -> ExplainedPlacement:
    """Let a person of the site's staff be answerable for a client; publishes
    PrimaryTherapistChanged, or nothing where it is so already.

    The person is locked before the clients are counted, whatever site they are at.

    Raises:
        NotFound: no such placement that the caller may see, or no such person at its site.
        StaleVersion: it changed since the caller read it.
        StayEnded, CaseloadFull: see there.
    """
    placement = found(await tx.fetchrow(LOCK, placement_id), "placement")
    require_version(placement["version"], expected)
    if placement["ended_at"] is not None:
        raise StayEnded("The client has left this seat.")
    if new.therapist_id == placement["primary_therapist_id"]:
        return await show_placement(tx, placement_id)
    if new.therapist_id is not None:
        await _require_room(tx, new.therapist_id, placement["site_id"])
    changes = {"primary_therapist_id": new.therapist_id}
    await tx.execute(*update("placements", changes, where={"id": placement_id}))
    named = {"placement_id": placement_id, "therapist_id": new.therapist_id}
    publish(tx, PrimaryTherapistChanged(**placement, **named, changed_at=tx.now))
    return await show_placement(tx, placement_id)


async def _require_room(tx: Transaction, therapist_id: UUID, site_id: UUID) -> None:
    pointer = "/therapist_id"
    therapist = await tx.fetchrow(THERAPIST, therapist_id, site_id)
    limit = found(therapist, "person at the site", pointer=pointer)["caseload_limit"]
    if limit is None:
        return
    async with at_all_sites(tx):
        clients = await tx.fetchval(CASELOAD, therapist_id)
    if clients >= limit:
        raise CaseloadFull(f"{clients} clients, limit {limit}: choose another.", pointer=pointer)
