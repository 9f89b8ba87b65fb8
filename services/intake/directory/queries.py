"""Sites as intake knows them."""

from datetime import date
from uuid import UUID

from shared.calendar import day_at
from shared.database import Transaction
from shared.errors import found

ZONE = "SELECT time_zone FROM sites WHERE id = $1"


async def zone_of(tx: Transaction, site_id: UUID) -> str:
    """The IANA zone of a site.

    Raises:
        NotFound: no such site.
    """
    time_zone: str = found(await tx.fetchval(ZONE, site_id), "site")
    return time_zone


async def today_at(tx: Transaction, site_id: UUID) -> date:
    """Today's date at a site.

    Raises:
        NotFound: no such site.
    """
    return day_at(tx.now, await zone_of(tx, site_id))
