"""Enrolments as they are read."""

from uuid import UUID

from services.intake.enrolment.rules import State
from services.intake.enrolment.schemas import Census, Enrolment, SiteCensus, StayCount
from services.intake.referrals.queries import page_of_client
from shared.database import Transaction, select
from shared.errors import found
from shared.web import Page, Paging, page_of

COLUMNS = select(Enrolment, "enrolments")
OF_CLIENT = f"""
{COLUMNS} WHERE client_id = ANY (platform.records_of($1)) AND id > $2 ORDER BY id LIMIT $3
"""
ONE = f"{COLUMNS} WHERE id = $1"
EACH_SITE = """
SELECT listed.* FROM sites s CROSS JOIN LATERAL (
  {} WHERE site_id = s.id AND {} AND id > $1 AND ($4::text IS NULL OR level_of_care = $4)
  ORDER BY id LIMIT $3
) AS listed
WHERE $2::uuid IS NULL OR s.id = $2 ORDER BY listed.id LIMIT $3
"""
"""Reads a page of each of the caller's sites from an index that begins with the site."""
OPEN = EACH_SITE.format(COLUMNS, "ended_at IS NULL")
IN_STATE = EACH_SITE.format(COLUMNS, "state = $5")
CENSUS = """
SELECT s.id AS site_id, e.state, e.level_of_care, count(e.id) AS count
FROM sites s LEFT JOIN enrolments e ON e.site_id = s.id AND e.ended_at IS NULL
WHERE $1::uuid IS NULL OR s.id = $1 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""


async def list_enrolments(tx: Transaction, client_id: UUID, paging: Paging) -> Page[Enrolment]:
    """A client's stays, oldest first.

    Raises:
        NotFound: no such client.
    """
    return await page_of_client(tx, OF_CLIENT, client_id, paging, Enrolment.from_row)


async def list_stays(
    tx: Transaction,
    paging: Paging,
    site_id: UUID | None,
    state: State | None,
    level_of_care: str | None,
) -> Page[Enrolment]:
    """The stays in a state, or those that have not ended, oldest first."""
    arguments = (paging.after, site_id, paging.limit + 1, level_of_care)
    if state is None:
        rows = await tx.fetch(OPEN, *arguments)
    else:
        rows = await tx.fetch(IN_STATE, *arguments, state)
    return page_of([Enrolment.from_row(row) for row in rows], paging.limit)


async def show_census(tx: Transaction, site_id: UUID | None) -> Census:
    """How many stays have not ended at each of the caller's sites, by state and level of care."""
    sites: dict[UUID, list[StayCount]] = {}
    for row in await tx.fetch(CENSUS, site_id):
        counts = sites.setdefault(row["site_id"], [])
        if row["count"]:
            counts.append(StayCount.from_row(row))
    return Census(
        as_of=tx.now,
        sites=[
            SiteCensus(site_id=site, stays=sum(one.count for one in counts), counts=counts)
            for site, counts in sites.items()
        ],
    )


async def show_enrolment(tx: Transaction, enrolment_id: UUID) -> Enrolment:
    """One stay.

    Raises:
        NotFound: none that the caller may see.
    """
    return Enrolment.from_row(found(await tx.fetchrow(ONE, enrolment_id), "enrolment"))
