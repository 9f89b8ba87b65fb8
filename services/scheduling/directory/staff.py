"""Entering people of the staff and their leave, changing them, and saying that they left."""

from typing import Any
from uuid import UUID

from services.scheduling.directory import schemas
from services.scheduling.directory.commands import require_apart
from services.scheduling.directory.queries import show_site, show_staff_member
from services.scheduling.directory.rules import leave_time
from shared.contracts.scheduling import StaffChanged
from shared.database import Record, Transaction, as_json, at_all_sites, insert, unless_taken, update
from shared.errors import Conflict, Forbidden, Invalid, found, require_once, require_version
from shared.ids import new_id
from shared.messaging.outbox import publish

LOCK = """
SELECT s.version, s.left_at,
  array(SELECT site_id FROM staff_sites w WHERE w.staff_id = s.id) AS site_ids,
  (SELECT i.time_zone FROM staff_sites w JOIN sites i ON i.id = w.site_id
   WHERE w.staff_id = s.id AND w.home) AS time_zone
FROM staff s WHERE s.id = $1 FOR UPDATE OF s
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
WORKS_AT = """
INSERT INTO staff_sites (staff_id, site_id, home)
SELECT $1, site_id, site_id = $2 FROM unnest($3::uuid[]) AS given(site_id)
"""


class SubjectTaken(Conflict, title="Another person has these tokens"):
    """Tokens name one person of the staff."""


class HomeSiteNeeded(Invalid):
    """The home site is one of those at which a person works."""


class NotTheirSite(Invalid):
    """Hours are at a site at which the person does not work."""


class ListedTwice(Invalid):
    """A site or a credential is listed more than once."""


class WorksElsewhereToo(Forbidden):
    """The person works at a site that the caller may not see."""


class HasLeft(Conflict, title="The person has left"):
    """The person is of the staff no more."""


class LeaveEndsTooEarly(Invalid):
    """Leave ends after its start."""


class LeaveOverlaps(Conflict, title="The person is on leave then already"):
    """A person is on leave once at a time."""


async def add_staff_member(tx: Transaction, new: schemas.NewStaffMember) -> schemas.StaffMember:
    """Enter a person; publishes StaffChanged.

    Raises:
        NotFound: when there is no such site that the caller may see.
        SubjectTaken, HomeSiteNeeded, NotTheirSite, ListedTwice, TimesOverlap: see there.
    """
    staff_id = new_id()
    row = {"id": staff_id, **await _checked(tx, new), "created_at": tx.now}
    return await _write(tx, staff_id, new, *insert("staff", row))


async def change_staff_member(
    tx: Transaction, expected: int, staff_id: UUID, changed: schemas.NewStaffMember
) -> schemas.StaffMember:
    """Replace what is said of a person; publishes StaffChanged.

    Raises:
        NotFound, StaleVersion, HasLeft: see there.
        WorksElsewhereToo: when the caller may not see all sites at which the person works.
        SubjectTaken, HomeSiteNeeded, NotTheirSite, ListedTwice, TimesOverlap: see there.
    """
    await _lock_to_change(tx, staff_id, expected)
    row = await _checked(tx, changed)
    return await _write(tx, staff_id, changed, *update("staff", row, where={"id": staff_id}))


async def mark_left(tx: Transaction, expected: int, staff_id: UUID) -> schemas.StaffMember:
    """Say that a person is of the staff no more; publishes StaffChanged. Sessions that the person
    is taken for stay, and need somebody else.

    Raises:
        NotFound, StaleVersion, HasLeft, WorksElsewhereToo: see there.
    """
    await _lock_to_change(tx, staff_id, expected)
    await tx.execute(*update("staff", {"left_at": tx.now}, where={"id": staff_id}))
    return await _tell(tx, staff_id)


async def enter_leave(
    tx: Transaction, staff_id: UUID, new: schemas.NewLeave
) -> schemas.EnteredLeave:
    """Say that a person does not work for a time. No event tells of it: it is nobody else's.

    Raises:
        NotFound: when there is no such person at a site that the caller may see.
        LeaveEndsTooEarly: when it does not end after its start.
        LeaveOverlaps: when the person is on leave in that time.
    """
    person = await _lock(tx, staff_id)
    starts_at, ends_at = leave_time(new.starts, new.ends, person["time_zone"])
    if ends_at <= starts_at:
        raise LeaveEndsTooEarly("Leave ends after its start.", pointer="/ends")
    times = {"starts_at": starts_at, "ends_at": ends_at, "entered_at": tx.now}
    leave = schemas.Leave(id=new_id(), staff_id=staff_id, **times)
    with unless_taken(LeaveOverlaps("Call that leave off, or enter what is missing.")):
        await tx.execute(ENTER, *dict(leave).values())
    sessions = await tx.fetch(SESSIONS, staff_id, starts_at, ends_at)
    return schemas.EnteredLeave(**dict(leave), session_ids=[row["session_id"] for row in sessions])


async def call_leave_off(tx: Transaction, staff_id: UUID, leave_id: UUID) -> schemas.Leave:
    """Let a person work in a time for which leave was entered.

    Raises:
        NotFound: when there is no such leave of a person at a site that the caller may see.
    """
    await _lock(tx, staff_id)
    return schemas.Leave(**found(await tx.fetchrow(CALL_OFF, staff_id, leave_id), "leave"))


async def _lock(tx: Transaction, staff_id: UUID) -> Record:
    """A person of a site that the caller may see, with all sites and the zone of the home site."""
    async with at_all_sites(tx):
        person = await tx.fetchrow(LOCK, staff_id)
    if person is not None and not any(map(tx.may_see, person["site_ids"])):
        person = None
    return found(person, "person of the staff")


async def _lock_to_change(tx: Transaction, staff_id: UUID, expected: int) -> None:
    row = await _lock(tx, staff_id)
    if not all(map(tx.may_see, row["site_ids"])):
        raise WorksElsewhereToo(
            "This person works at a site that you may not see, too: regional operations change it."
        )
    require_version(row["version"], expected)
    if row["left_at"] is not None:
        raise HasLeft("This person has left: enter them anew.")


async def _checked(tx: Transaction, one: schemas.NewStaffMember) -> dict[str, object]:
    """What is written of a person, if it can be so."""
    require_once(one.site_ids, ListedTwice, "/site_ids/{}", "This site is listed above.")
    for n, site_id in enumerate(one.site_ids):
        await show_site(tx, site_id, pointer=f"/site_ids/{n}")
    if one.home_site_id not in one.site_ids:
        raise HomeSiteNeeded("Name the home site in site_ids too.", pointer="/home_site_id")
    held = [given.credential for given in one.credentials]
    require_once(held, ListedTwice, "/credentials/{}/credential")
    for n, hours in enumerate(one.hours):
        if hours.site_id not in one.site_ids:
            raise NotTheirSite("Name this site in site_ids too.", pointer=f"/hours/{n}/site_id")
    require_apart([hours.working_time for hours in one.hours], "/hours")
    return {
        **one.model_dump(include={"name", "subject", "gender", "caseload_limit"}),
        "languages": sorted(set(one.languages)),
        "trainings": sorted(set(one.trainings)),
        "credentials": as_json(one.credentials),
        "hours": as_json([hours.working_time for hours in one.hours]),
        "look_at": tx.now,
    }


async def _write(
    tx: Transaction, staff_id: UUID, one: schemas.NewStaffMember, *statement: Any
) -> schemas.StaffMember:
    """Write a person and where they work, and tell of it."""
    with unless_taken(SubjectTaken("Another person has this subject.", pointer="/subject")):
        await tx.execute(*statement)
    await tx.execute("DELETE FROM staff_sites WHERE staff_id = $1", staff_id)
    await tx.execute(WORKS_AT, staff_id, one.home_site_id, one.site_ids)
    return await _tell(tx, staff_id)


async def _tell(tx: Transaction, staff_id: UUID) -> schemas.StaffMember:
    member = await show_staff_member(tx, staff_id)
    told = member.model_dump() | {"staff_gender": member.gender}
    publish(tx, StaffChanged(staff_id=staff_id, **told, changed_at=tx.now))
    return member
