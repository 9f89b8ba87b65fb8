"""What is taken for a session, as other statements read it, and what it is held against."""

from uuid import UUID

from services.scheduling.appointments.rules import Group, Place
from services.scheduling.directory.queries import opening_of, rooms_of, staff_of
from services.scheduling.directory.schemas import Site
from shared.database import Transaction
from shared.errors import found

ASSIGNED = """
CROSS JOIN LATERAL (
  SELECT (array_agg(resource_id) FILTER (WHERE kind = 'room'))[1] AS room_id,
    (array_agg(resource_id) FILTER (WHERE kind = 'facilitator'))[1] AS facilitator_id,
    coalesce(array_agg(resource_id ORDER BY resource_id) FILTER (WHERE kind = 'cofacilitator'),
      ARRAY[]::uuid[]) AS cofacilitator_ids
  FROM bookings WHERE session_id = s.id
) AS assigned
"""
"""Room and staff of each session `s`."""
COHORT = "SELECT capacity, credentials, cofacilitated FROM cohorts WHERE id = $1"


async def place_of(tx: Transaction, site: Site) -> Place:
    """A site as the rules look at it."""
    opening = tuple(await opening_of(tx, site.id))
    rooms = {room.id: room for room in await rooms_of(tx, [site.id])}
    staff = {person.id: person for person in await staff_of(tx, [site.id])}
    return Place(site.id, site.time_zone, opening, rooms, staff)


async def group_of(tx: Transaction, cohort_id: UUID) -> Group:
    """What a cohort asks of room and staff."""
    row = found(await tx.fetchrow(COHORT, cohort_id), "cohort")
    return Group(row["capacity"], tuple(row["credentials"]), row["cofacilitated"])
