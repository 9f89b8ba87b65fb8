"""The directory as it is read."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import orjson

from services.scheduling.directory.rules import Credential, Person, Room, Window, WorkingTime
from services.scheduling.directory.schemas import OpeningHours, Region, Site, WeeklyTime, weekly
from shared.database import Transaction, select
from shared.errors import found
from shared.web import Page, Paging, page_of

REGION = f"{select(Region, 'regions')} WHERE id = $1"
REGIONS = f"{select(Region, 'regions')} WHERE id > $1 ORDER BY id LIMIT $2"
SITE = f"{select(Site, 'sites')} WHERE id = $1"
SITES = f"""
{select(Site, "sites")} WHERE id > $1 AND ($3::uuid IS NULL OR region_id = $3) ORDER BY id LIMIT $2
"""
HOURS = """
SELECT weekday, opens_minute, closes_minute FROM opening_hours WHERE site_id = $1
ORDER BY weekday, opens_minute
"""
ROOMS_OF = f"""
{select(Room, "rooms")} WHERE site_id = ANY ($1::uuid[]) AND closed_at IS NULL ORDER BY site_id, id
"""
STAFF_OF = """
SELECT s.id, s.gender, s.languages, s.trainings, s.credentials, s.hours, s.caseload_limit,
  w.site_ids, w.home_site_id, array(
    SELECT lower(l.during) FROM staff_leave l
    WHERE l.staff_id = s.id AND upper(l.during) > $2 ORDER BY l.id) AS leave_begins, array(
    SELECT upper(l.during) FROM staff_leave l
    WHERE l.staff_id = s.id AND upper(l.during) > $2 ORDER BY l.id) AS leave_ends
FROM staff s CROSS JOIN LATERAL (
  SELECT array_agg(x.site_id) AS site_ids, (array_agg(x.site_id) FILTER (WHERE x.home))[1]
    AS home_site_id FROM staff_sites x WHERE x.staff_id = s.id
) AS w
WHERE s.left_at IS NULL
  AND EXISTS (SELECT FROM staff_sites x WHERE x.staff_id = s.id AND x.site_id = ANY ($1::uuid[]))
ORDER BY s.id
"""


async def rooms_of(tx: Transaction, site_ids: Sequence[UUID]) -> list[Room]:
    """The rooms of these sites that take sessions."""
    return [Room(**row) for row in await tx.fetch(ROOMS_OF, site_ids)]


async def staff_of(tx: Transaction, site_ids: Sequence[UUID]) -> list[Person]:
    """Who works at one of these sites and has not left, with leave that has not ended."""
    return [
        Person(
            id=row["id"],
            site_ids=frozenset(row["site_ids"]),
            home_site_id=row["home_site_id"],
            gender=row["gender"],
            languages=frozenset(row["languages"]),
            trainings=frozenset(row["trainings"]),
            credentials=tuple(read_credentials(row["credentials"])),
            hours=tuple(read_hours(row["hours"])),
            caseload_limit=row["caseload_limit"],
            leave=tuple(zip(row["leave_begins"], row["leave_ends"], strict=True)),
        )
        for row in await tx.fetch(STAFF_OF, site_ids, tx.now)
    ]


def read_credentials(text: str) -> list[Credential]:
    """The credentials of a row of the staff."""
    return [
        Credential(
            one["credential"], date.fromisoformat(day) if (day := one["expires_on"]) else None
        )
        for one in orjson.loads(text)
    ]


def read_hours(text: str) -> list[WorkingTime]:
    """The working hours of a row of the staff."""
    return [WorkingTime(**{**one, "site_id": UUID(one["site_id"])}) for one in orjson.loads(text)]


async def show_region(
    tx: Transaction, region_id: UUID, *, pointer: str | None = None, lock: bool = False
) -> Region:
    """One region.

    Raises:
        NotFound: when there is none; `pointer` says where it was named.
    """
    row = await tx.fetchrow(f"{REGION} {'FOR UPDATE' if lock else ''}", region_id)
    return Region(**found(row, "region", pointer=pointer))


async def list_regions(tx: Transaction, paging: Paging) -> Page[Region]:
    """The regions, oldest first."""
    rows = await tx.fetch(REGIONS, paging.after, paging.limit + 1)
    return page_of([Region(**row) for row in rows], paging.limit)


async def show_site(tx: Transaction, site_id: UUID, *, pointer: str | None = None) -> Site:
    """One site.

    Raises:
        NotFound: when there is none that the caller may see; `pointer` says where it was named.
    """
    return Site(**found(await tx.fetchrow(SITE, site_id), "site", pointer=pointer))


async def list_sites(tx: Transaction, paging: Paging, region_id: UUID | None) -> Page[Site]:
    """The sites the caller may see, oldest first."""
    rows = await tx.fetch(SITES, paging.after, paging.limit + 1, region_id)
    return page_of([Site(**row) for row in rows], paging.limit)


async def show_opening_hours(tx: Transaction, site_id: UUID) -> OpeningHours:
    """When a site is open.

    Raises:
        NotFound: when there is no such site that the caller may see.
    """
    site = await show_site(tx, site_id)
    hours = [Window(*row) for row in await tx.fetch(HOURS, site_id)]
    return OpeningHours(
        site_id=site_id,
        time_zone=site.time_zone,
        hours=[WeeklyTime.model_validate(weekly(one)) for one in hours],
        version=site.version,
    )
