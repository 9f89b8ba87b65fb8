"""Sites as they are read."""

from uuid import UUID

from services.scheduling.directory.schemas import Site
from shared.database import Transaction
from shared.errors import NotFound
from shared.web import Page, Paging, page_of

SITE = "SELECT id, name, time_zone, opened_at, version FROM sites WHERE id = $1"
SITES = """
SELECT id, name, time_zone, opened_at, version FROM sites WHERE id > $1 ORDER BY id LIMIT $2
"""


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
