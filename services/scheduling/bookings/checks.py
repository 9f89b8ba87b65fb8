"""Whether rooms and people suit sessions, asked of what the directory knows now."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from services.scheduling.bookings.policy import OwnKind, slot_policy
from services.scheduling.bookings.rules import Asked, Group, Place, violations
from services.scheduling.directory.queries import opening_of, rooms_of, staff_of
from services.scheduling.directory.schemas import Site
from shared.database import Transaction
from shared.errors import found

FIELDS = ("starts", "room_id", "facilitator_id", "cofacilitator_ids")
COHORT = "SELECT capacity, credentials, cofacilitated FROM cohorts WHERE id = $1"


async def place_of(tx: Transaction, site: Site) -> Place:
    """A site as the rules look at it."""
    return Place(
        site.id,
        site.time_zone,
        tuple(await opening_of(tx, site.id)),
        {room.id: room for room in await rooms_of(tx, [site.id])},
        {person.id: person for person in await staff_of(tx, [site.id])},
    )


async def group_of(tx: Transaction, cohort_id: UUID) -> Group:
    """What a cohort asks of room and staff."""
    row = found(await tx.fetchrow(COHORT, cohort_id), "cohort")
    return Group(row["capacity"], tuple(row["credentials"]), row["cofacilitated"])


def own_group(site_id: UUID, kind: OwnKind, clients: int) -> Group:
    """What a session of so many clients of their own asks of room and staff."""
    return Group(clients, one_of=slot_policy(site_id).kinds[kind].credentials)


def require_suited(
    asked: Iterable[tuple[str, Asked]], group: Group, place: Place, *, only: Sequence[str] = FIELDS
) -> None:
    """Refuse the first session that breaks a rule about one of the fields `only`; each is given
    with its place in the request.

    Raises:
        Unsuited: by the rule's name, with a pointer.
    """
    for pointer, one in asked:
        for wrong in violations(one, group, place):
            if wrong.field in only:
                wrong.pointer = f"{pointer}/{wrong.field}"
                raise wrong
