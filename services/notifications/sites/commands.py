"""Sites, as scheduling tells of them."""

from collections.abc import Iterable

from shared.contracts.scheduling import SiteEntry
from shared.database import Columns, Transaction

SITES = Columns.of(site_id="uuid", time_zone="text", region_id="uuid")
KEEP = SITES.upsert("sites", "site_id")


async def keep_sites(tx: Transaction, told: Iterable[SiteEntry]) -> None:
    """Keep what was told of each site last."""
    latest = {site.site_id: site for site in told}
    await tx.execute(KEEP, *SITES.arrays(latest[key] for key in sorted(latest)))
