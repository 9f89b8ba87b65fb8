"""The directory as it is read."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import TypeAdapter

from services.scheduling.directory.rules import Credential, Person, Room, WorkingTime
from services.scheduling.directory.schemas import OpeningHours, Region, Site, weekly
from shared.database import Transaction, select
from shared.errors import found
from shared.web import Page, Paging, page
from shared.weekly import Window

REGIONS = select(Region, "regions")
REGION = f"{REGIONS} WHERE id = $1"
SITES = select(Site, "sites")
SITE = f"{SITES} WHERE id = $1"
OPENING = """
SELECT weekday, opens_minute, closes_minute FROM opening_hours WHERE site_id = $1
ORDER BY weekday, opens_minute
"""
ROOMS_OF = f"""
{select(Room, "rooms")} WHERE site_id = ANY ($1::uuid[]) AND closed_at IS NULL ORDER BY site_id, id
"""
STAFF_OF = """
SELECT coalesce(json_agg(one ORDER BY one.id), '[]') FROM (
  SELECT s.id, s.gender, s.languages, s.trainings, s.credentials, s.hours, s.caseload_limit,
    array(SELECT x.site_id FROM staff_sites x WHERE x.staff_id = s.id) AS site_ids,
    (SELECT x.site_id FROM staff_sites x WHERE x.staff_id = s.id AND x.home) AS home_site_id,
    array(SELECT ARRAY[lower(l.during), upper(l.during)] FROM staff_leave l
      WHERE l.staff_id = s.id AND upper(l.during) > $2 ORDER BY l.id) AS leave
  FROM staff s
  WHERE s.left_at IS NULL
    AND EXISTS (SELECT FROM staff_sites x WHERE x.staff_id = s.id AND x.site_id = ANY ($1::uuid[]))
) AS one
"""
PEOPLE = TypeAdapter(list[Person])
CREDENTIALS = TypeAdapter(list[Credential])
HOURS = TypeAdapter(list[WorkingTime])
"""What a row of the staff keeps as JSON."""


async def opening_of(tx: Transaction, site_id: UUID) -> list[Window]:
    """When a site is open."""
    return [Window(*row) for row in await tx.fetch(OPENING, site_id)]


async def rooms_of(tx: Transaction, site_ids: Sequence[UUID]) -> list[Room]:
    """The rooms of these sites that take sessions."""
    return [Room(**row) for row in await tx.fetch(ROOMS_OF, site_ids)]


async def staff_of(tx: Transaction, site_ids: Sequence[UUID]) -> list[Person]:
    """Who works at one of these sites and has not left, with leave that has not ended."""
    return PEOPLE.validate_json(await tx.fetchval(STAFF_OF, site_ids, tx.now))


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
    return await page(tx, REGIONS, paging, Region.from_row)


async def show_site(tx: Transaction, site_id: UUID, *, pointer: str | None = None) -> Site:
    """One site.

    Raises:
        NotFound: when there is none that the caller may see; `pointer` says where it was named.
    """
    return Site(**found(await tx.fetchrow(SITE, site_id), "site", pointer=pointer))


async def list_sites(tx: Transaction, paging: Paging, region_id: UUID | None) -> Page[Site]:
    """The sites the caller may see, oldest first."""
    return await page(tx, SITES, paging, Site.from_row, ("region_id = ?", region_id))


async def show_opening_hours(tx: Transaction, site_id: UUID) -> OpeningHours:
    """When a site is open.

    Raises:
        NotFound: when there is no such site that the caller may see.
    """
    site = await show_site(tx, site_id)
    hours = [weekly(one) for one in await opening_of(tx, site_id)]
    shown = {"site_id": site_id, "hours": hours}
    return OpeningHours(**shown, **site.model_dump(include={"time_zone", "version"}))
