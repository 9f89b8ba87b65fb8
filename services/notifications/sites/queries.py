"""The clocks of sites."""

from collections.abc import Iterable
from uuid import UUID

from shared.database import Transaction

ZONES = "SELECT site_id, time_zone FROM sites WHERE site_id = ANY ($1::uuid[])"


async def zones_of(tx: Transaction, site_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The IANA zones of the sites that are known."""
    rows = await tx.fetch(ZONES, list(set(site_ids)))
    return {row["site_id"]: row["time_zone"] for row in rows}
