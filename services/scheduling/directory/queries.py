"""The directory as it is read."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import orjson

from services.scheduling.directory.rules import Credential, Person, Room, WorkingTime
from services.scheduling.directory.schemas import Site
from shared.database import Transaction, select
from shared.errors import NotFound
from shared.web import Page, Paging, page_of

SITE = "SELECT id, name, time_zone, opened_at, version FROM sites WHERE id = $1"
SITES = """
SELECT id, name, time_zone, opened_at, version FROM sites WHERE id > $1 ORDER BY id LIMIT $2
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


async def show_site(tx: Transaction, site_id: UUID, *, pointer: str | None = None) -> Site:
    """One site.

    Raises:
        NotFound: when there is none that the caller may see; `pointer` says where it was named.
    """
    row = await tx.fetchrow(SITE, site_id)
    if row is None:
        raise NotFound("There is no such site.", pointer=pointer)
    return Site(**dict(row))


async def list_sites(tx: Transaction, paging: Paging) -> Page[Site]:
    """The sites the caller may see, oldest first."""
    rows = await tx.fetch(SITES, paging.after, paging.limit + 1)
    return page_of([Site(**dict(row)) for row in rows], paging.limit)
