"""Keeping zones, regions and states of the sites."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from shared.contracts.scheduling import SiteChanged, SiteOpened
from shared.database import Columns, Transaction

SITES = Columns.of(site_id="uuid", time_zone="text", region_id="uuid", subdivision="text")
ENTER = SITES.upsert("sites", "site_id")
LEARN = """
INSERT INTO sites (site_id, time_zone) SELECT * FROM unnest($1::uuid[], $2::text[])
ON CONFLICT (site_id) DO NOTHING
"""


async def enter_sites(tx: Transaction, told: Sequence[SiteOpened | SiteChanged]) -> None:
    """Keep what is said of each site; what was known is replaced. Of one told twice the last
    counts."""
    await tx.execute(ENTER, *SITES.arrays({site.site_id: site for site in told}.values()))


async def learn_zones(tx: Transaction, zones: Mapping[UUID, str]) -> None:
    """Keep the zones of sites that are not known yet.

    A site that was opened before this service kept sites is never told of again.
    """
    await tx.write(LEARN, list(zones), list(zones.values()))
