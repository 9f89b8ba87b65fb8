"""The directory as it is read."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from uuid import UUID

from pydantic import TypeAdapter

from services.scheduling.directory import rules, schemas
from shared.database import Record, Transaction, select
from shared.errors import found
from shared.web import Page, Paging, page, page_of
from shared.weekly import Window

REGIONS = select(schemas.Region, "regions")
SITES = select(schemas.Site, "sites")
OPENING = """
SELECT weekday, opens_minute, closes_minute FROM opening_hours WHERE site_id = $1
ORDER BY weekday, opens_minute
"""
ROOMS_OF = f"""
{select(rules.Room, "rooms")} WHERE site_id = ANY ($1::uuid[]) AND closed_at IS NULL
ORDER BY site_id, id
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
DAYS = f"""
{select(schemas.ClosedDay, "closed_days")} WHERE site_id = $1 AND day BETWEEN $2 AND $3 ORDER BY day
"""
ROOM = """
SELECT r.*, (SELECT count(*) FROM bookings b
  WHERE b.resource_id = r.id AND b.during && tstzrange($1, NULL)) AS sessions_to_come
FROM rooms r
"""
MANY_ROOMS = f"""
{ROOM} WHERE r.id > $2 AND ($4::uuid IS NULL OR r.site_id = $4) AND ($5 OR r.closed_at IS NULL)
ORDER BY r.id LIMIT $3
"""
STAFF = """
SELECT s.id, s.name, s.subject, s.gender, s.languages, s.trainings, s.credentials, s.caseload_limit,
  w.home_site_id, w.site_ids, s.hours, s.created_at, s.left_at, s.version,
  (SELECT count(*) FROM bookings b WHERE b.resource_id = s.id AND b.during && tstzrange($1, NULL))
    AS sessions_to_come,
  (SELECT coalesce(json_agg(json_build_object('id', l.id, 'staff_id', l.staff_id,
     'starts_at', lower(l.during), 'ends_at', upper(l.during), 'entered_at', l.entered_at)
     ORDER BY l.during), '[]')
   FROM staff_leave l WHERE l.staff_id = s.id AND upper(l.during) > $1) AS leave
FROM staff s CROSS JOIN LATERAL (
  SELECT array_agg(x.site_id ORDER BY x.site_id) AS site_ids,
    (array_agg(x.site_id) FILTER (WHERE x.home))[1] AS home_site_id,
    ($1::timestamptz AT TIME ZONE (array_agg(i.time_zone ORDER BY x.home DESC))[1])::date AS today
  FROM staff_sites x JOIN sites i ON i.id = x.site_id WHERE x.staff_id = s.id
) AS w
WHERE w.site_ids IS NOT NULL
"""
"""Who works at no site that the caller may see is not there."""
ONE_PERSON = f"{STAFF} AND s.id = $2"
MANY_PEOPLE = f"""
{STAFF} AND s.id > $2 AND ($9 OR s.left_at IS NULL)
  AND ($4::uuid IS NULL OR $4 = ANY (w.site_ids))
  AND ($6::text IS NULL OR $6 = ANY (s.trainings))
  AND ($7::text IS NULL OR $7 = ANY (s.languages))
  AND ($5::text IS NULL AND $8::date IS NULL OR EXISTS (
    SELECT FROM jsonb_to_recordset(s.credentials) AS c (credential text, expires_on date)
    WHERE ($5 IS NULL OR c.credential = $5)
      AND CASE WHEN $8 IS NULL THEN coalesce(c.expires_on >= w.today, true)
        ELSE c.expires_on < $8 END))
ORDER BY s.id LIMIT $3
"""
PEOPLE = TypeAdapter(list[rules.Person])
CREDENTIALS = TypeAdapter(list[rules.Credential])
HOURS = TypeAdapter(list[rules.WorkingTime])
"""What a row of the staff keeps as JSON."""


async def opening_of(tx: Transaction, site_id: UUID) -> list[Window]:
    """When a site is open."""
    return [Window(*row) for row in await tx.fetch(OPENING, site_id)]


async def rooms_of(tx: Transaction, site_ids: Sequence[UUID]) -> list[rules.Room]:
    """The rooms of these sites that take sessions."""
    return [rules.Room(**row) for row in await tx.fetch(ROOMS_OF, site_ids)]


async def staff_of(tx: Transaction, site_ids: Sequence[UUID]) -> list[rules.Person]:
    """Who works at one of these sites and has not left, with leave that has not ended."""
    return PEOPLE.validate_json(await tx.fetchval(STAFF_OF, site_ids, tx.now))


async def show_region(
    tx: Transaction, region_id: UUID, *, pointer: str | None = None, lock: bool = False
) -> schemas.Region:
    """One region.

    Raises:
        NotFound: when there is none; `pointer` says where it was named.
    """
    row = await tx.fetchrow(f"{REGIONS} WHERE id = $1 {'FOR UPDATE' if lock else ''}", region_id)
    return schemas.Region(**found(row, "region", pointer=pointer))


async def list_regions(tx: Transaction, paging: Paging) -> Page[schemas.Region]:
    """The regions, oldest first."""
    return await page(tx, REGIONS, paging, schemas.Region.from_row)


async def show_site(tx: Transaction, site_id: UUID, *, pointer: str | None = None) -> schemas.Site:
    """One site.

    Raises:
        NotFound: when there is none that the caller may see; `pointer` says where it was named.
    """
    row = await tx.fetchrow(f"{SITES} WHERE id = $1", site_id)
    return schemas.Site(**found(row, "site", pointer=pointer))


async def list_sites(tx: Transaction, paging: Paging, region_id: UUID | None) -> Page[schemas.Site]:
    """The sites the caller may see, oldest first."""
    return await page(tx, SITES, paging, schemas.Site.from_row, ("region_id = ?", region_id))


async def show_opening_hours(tx: Transaction, site_id: UUID) -> schemas.OpeningHours:
    """When a site is open.

    Raises:
        NotFound: when there is no such site that the caller may see.
    """
    site = await show_site(tx, site_id)
    hours = [schemas.weekly(one) for one in await opening_of(tx, site_id)]
    return schemas.OpeningHours.from_row({**dict(site), "site_id": site_id, "hours": hours})


async def closed_days(tx: Transaction, site_id: UUID, first: date, last: date) -> dict[date, str]:
    """The days, from the first to the last, on which a site is closed, and why."""
    return {row["day"]: row["name"] for row in await tx.fetch(DAYS, site_id, first, last)}


async def list_closed_days(tx: Transaction, site_id: UUID, year: int) -> schemas.ClosedDays:
    """The days of a year on which a site is closed.

    Raises:
        NotFound: when there is no such site that the caller may see.
    """
    await show_site(tx, site_id)
    rows = await tx.fetch(DAYS, site_id, date(year, 1, 1), date(year, 12, 31))
    return schemas.ClosedDays(site_id=site_id, days=[schemas.ClosedDay(**row) for row in rows])


async def list_proposed_days(tx: Transaction, site_id: UUID, year: int) -> schemas.ProposedDays:
    """The public holidays of a year where the site is, and which of them it took.

    Raises:
        NotFound: when there is no such site that the caller may see.
        SubdivisionNeeded: when it is not said where the site is, or no library knows holidays
            there.
    """
    site = await show_site(tx, site_id)
    holidays = rules.proposed(site.subdivision, year)
    taken = await closed_days(tx, site_id, date(year, 1, 1), date(year, 12, 31))
    days = [{**asdict(one), "confirmed": one.day in taken} for one in holidays]
    shown = {"subdivision": site.subdivision, "source": rules.source(), "days": days}
    return schemas.ProposedDays(site_id=site_id, **shown)


async def show_room(tx: Transaction, room_id: UUID, *, lock: bool = False) -> schemas.RoomEntry:
    """One room, locked for a change if `lock`.

    Raises:
        NotFound: when there is none that the caller may see.
    """
    one = f"{ROOM} WHERE r.id = $2 {'FOR UPDATE OF r' if lock else ''}"
    return schemas.RoomEntry(**found(await tx.fetchrow(one, tx.now, room_id), "room"))


async def list_rooms(
    tx: Transaction, paging: Paging, site_id: UUID | None, closed: bool
) -> Page[schemas.RoomEntry]:
    """Rooms, oldest first; closed ones too where they are asked for."""
    rows = await tx.fetch(MANY_ROOMS, tx.now, paging.after, paging.limit + 1, site_id, closed)
    return page_of([schemas.RoomEntry(**row) for row in rows], paging.limit)


async def show_staff_member(tx: Transaction, staff_id: UUID) -> schemas.StaffMember:
    """One person.

    Raises:
        NotFound: when there is none at a site that the caller may see.
    """
    return _read(found(await tx.fetchrow(ONE_PERSON, tx.now, staff_id), "person of the staff"))


async def list_staff(
    tx: Transaction, paging: Paging, asked: schemas.AskedStaff
) -> Page[schemas.StaffMember]:
    """People by id, the oldest entry first."""
    rows = await tx.fetch(
        MANY_PEOPLE, tx.now, paging.after, paging.limit + 1, *dict(asked).values()
    )
    return page_of([_read(row) for row in rows], paging.limit)


def _read(row: Record) -> schemas.StaffMember:
    hours = [
        {**schemas.weekly(one), "site_id": one.site_id}
        for one in HOURS.validate_json(row["hours"])
        if one.site_id in row["site_ids"]
    ]
    return schemas.StaffMember.from_row({**row, "hours": hours})
