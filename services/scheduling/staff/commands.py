"""Entering people of the staff, changing them, and saying that they left."""

from dataclasses import asdict
from uuid import UUID

import orjson

from services.scheduling.directory.commands import require_apart
from services.scheduling.directory.queries import show_site
from services.scheduling.staff.queries import show_staff_member
from services.scheduling.staff.schemas import NewStaffMember, StaffMember
from shared.contracts.scheduling import StaffChanged
from shared.database import Columns, Transaction, at_all_sites, insert, unless_taken, update
from shared.errors import Conflict, Forbidden, Invalid, found, require_once, require_version
from shared.ids import new_id
from shared.messaging.outbox import publish

LOCK = """
SELECT version, left_at FROM staff s
WHERE id = $1 AND EXISTS (SELECT FROM staff_sites w WHERE w.staff_id = s.id) FOR UPDATE OF s
"""
WORKS_AT = "SELECT array_agg(site_id) FROM staff_sites WHERE staff_id = $1"
SITES = Columns.of(staff_id="uuid", site_id="uuid", home="boolean")


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


async def add_staff_member(tx: Transaction, new: NewStaffMember) -> StaffMember:
    """Enter a person; publishes StaffChanged.

    Raises:
        NotFound: when there is no such site that the caller may see.
        SubjectTaken, HomeSiteNeeded, NotTheirSite, ListedTwice, TimesOverlap: see there.
    """
    await _check(tx, new)
    staff_id = new_id()
    row = {"id": staff_id, **_row(new), "look_at": tx.now, "created_at": tx.now}
    with unless_taken(SubjectTaken("Another person has this subject.", pointer="/subject")):
        await tx.execute(*insert("staff", row))
    return await _sites_and_event(tx, staff_id, new)


async def change_staff_member(
    tx: Transaction, expected: int, staff_id: UUID, changed: NewStaffMember
) -> StaffMember:
    """Replace what is said of a person; publishes StaffChanged.

    Raises:
        NotFound, StaleVersion, HasLeft: see there.
        WorksElsewhereToo: when the caller may not see all sites at which the person works.
        SubjectTaken, HomeSiteNeeded, NotTheirSite, ListedTwice, TimesOverlap: see there.
    """
    await _lock(tx, staff_id, expected)
    await _check(tx, changed)
    row = {**_row(changed), "look_at": tx.now}
    with unless_taken(SubjectTaken("Another person has this subject.", pointer="/subject")):
        await tx.execute(*update("staff", row, where={"id": staff_id}))
    await tx.execute("DELETE FROM staff_sites WHERE staff_id = $1", staff_id)
    return await _sites_and_event(tx, staff_id, changed)


async def mark_left(tx: Transaction, expected: int, staff_id: UUID) -> StaffMember:
    """Say that a person is of the staff no more; publishes StaffChanged. Sessions that the person
    is taken for stay, and need somebody else.

    Raises:
        NotFound, StaleVersion, HasLeft, WorksElsewhereToo: see there.
    """
    await _lock(tx, staff_id, expected)
    await tx.execute(*update("staff", {"left_at": tx.now}, where={"id": staff_id}))
    return await _tell(tx, staff_id)


async def _lock(tx: Transaction, staff_id: UUID, expected: int) -> None:
    row = found(await tx.fetchrow(LOCK, staff_id), "person of the staff")
    async with at_all_sites(tx):
        site_ids = await tx.fetchval(WORKS_AT, staff_id)
    if not all(map(tx.may_see, site_ids)):
        raise WorksElsewhereToo(
            "This person works at a site that you may not see, too: regional operations change it."
        )
    require_version(row["version"], expected)
    if row["left_at"] is not None:
        raise HasLeft("This person has left: enter them anew.")


async def _check(tx: Transaction, one: NewStaffMember) -> None:
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


def _row(one: NewStaffMember) -> dict[str, object]:
    return {
        **one.model_dump(include={"name", "subject", "gender", "caseload_limit"}),
        "languages": sorted(set(one.languages)),
        "trainings": sorted(set(one.trainings)),
        "credentials": orjson.dumps([held.model_dump() for held in one.credentials]).decode(),
        "hours": orjson.dumps([asdict(hours.working_time) for hours in one.hours]).decode(),
    }


async def _sites_and_event(tx: Transaction, staff_id: UUID, one: NewStaffMember) -> StaffMember:
    rows = [
        {"staff_id": staff_id, "site_id": site_id, "home": site_id == one.home_site_id}
        for site_id in one.site_ids
    ]
    await tx.execute(SITES.insert("staff_sites"), *SITES.arrays(rows))
    return await _tell(tx, staff_id)


async def _tell(tx: Transaction, staff_id: UUID) -> StaffMember:
    member = await show_staff_member(tx, staff_id)
    told = member.model_dump() | {"staff_gender": member.gender}
    publish(tx, StaffChanged(staff_id=staff_id, **told, changed_at=tx.now))
    return member
