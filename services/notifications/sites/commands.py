"""Sites, as scheduling tells of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from shared.database import Columns, Transaction


@dataclass(frozen=True, slots=True)
class Site:
    """A site, the IANA zone of its clocks, and its region."""

    site_id: UUID
    time_zone: str
    region_id: UUID | None


SITES = Columns.like(Site)
KEEP = SITES.upsert("sites", "site_id")


async def keep_sites(tx: Transaction, told: Iterable[Site]) -> None:
    """Keep what was told of each site last."""
    latest = {site.site_id: site for site in told}
    await tx.execute(KEEP, *SITES.arrays(latest[key] for key in sorted(latest)))
