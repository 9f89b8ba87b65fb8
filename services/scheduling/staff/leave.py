"""Entering leave, and calling it off."""

from uuid import UUID

from services.scheduling.staff.rules import leave_time
from services.scheduling.staff.schemas import EnteredLeave, Leave, NewLeave
from shared.database import Transaction, at_all_sites, unless_taken
from shared.errors import Conflict, Invalid, found
from shared.ids import new_id

KNOWN = """
SELECT id FROM staff s WHERE id = $1
  AND EXISTS (SELECT FROM staff_sites w WHERE w.staff_id = s.id) FOR SHARE OF s
"""
ZONE = """
SELECT i.time_zone FROM staff_sites w JOIN sites i ON i.id = w.site_id
WHERE w.staff_id = $1 AND w.home
"""
ENTER = """
INSERT INTO staff_leave (id, staff_id, during, entered_at) VALUES ($1, $2, tstzrange($3, $4), $5)
"""
SESSIONS = """
SELECT session_id FROM bookings WHERE resource_id = $1 AND during && tstzrange($2, $3)
ORDER BY during, session_id
"""
CALL_OFF = """
DELETE FROM staff_leave WHERE staff_id = $1 AND id = $2
RETURNING id, staff_id, lower(during) AS starts_at, upper(during) AS ends_at, entered_at
"""


class LeaveEndsTooEarly(Invalid):
    """Leave ends after its start."""


class LeaveOverlaps(Conflict, title="The person is on leave then already"):
    """A person is on leave once at a time."""


async def enter_leave(tx: Transaction, staff_id: UUID, new: NewLeave) -> EnteredLeave:
    """Say that a person does not work for a time. No event tells of it: it is nobody else's.

    Raises:
        NotFound: when there is no such person at a site that the caller may see.
        LeaveEndsTooEarly: when it does not end after its start.
        LeaveOverlaps: when the person is on leave in that time.
    """
    await _known(tx, staff_id)
    async with at_all_sites(tx):
        zone = await tx.fetchval(ZONE, staff_id)
    starts_at, ends_at = leave_time(new.starts, new.ends, zone)
    if ends_at <= starts_at:
        raise LeaveEndsTooEarly("Leave ends after its start.", pointer="/ends")
    times = {"starts_at": starts_at, "ends_at": ends_at, "entered_at": tx.now}
    leave = Leave(id=new_id(), staff_id=staff_id, **times)
    with unless_taken(LeaveOverlaps("Call that leave off, or enter what is missing.")):
        await tx.execute(ENTER, *dict(leave).values())
    sessions = await tx.fetch(SESSIONS, staff_id, starts_at, ends_at)
    return EnteredLeave(**dict(leave), session_ids=[row["session_id"] for row in sessions])


async def call_leave_off(tx: Transaction, staff_id: UUID, leave_id: UUID) -> Leave:
    """Let a person work in a time for which leave was entered.

    Raises:
        NotFound: when there is no such leave of a person at a site that the caller may see.
    """
    await _known(tx, staff_id)
    return Leave(**found(await tx.fetchrow(CALL_OFF, staff_id, leave_id), "leave"))


async def _known(tx: Transaction, staff_id: UUID) -> None:
    found(await tx.fetchrow(KNOWN, staff_id), "person of the staff")
