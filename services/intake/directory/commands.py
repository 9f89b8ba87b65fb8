"""Keeping a copy of the sites."""

from collections.abc import Sequence

from shared.contracts.scheduling import SiteChanged, SiteOpened
from shared.database import Columns, Transaction

SITES = Columns.of(id="uuid", time_zone="text", opened_at="timestamptz")
REMEMBER = f"""
INSERT INTO sites ({SITES.names}) SELECT * FROM {SITES.rows}
ON CONFLICT (id) DO UPDATE SET time_zone = excluded.time_zone
"""  # noqa: S608 - constants only


async def remember_sites(tx: Transaction, told: Sequence[SiteOpened | SiteChanged]) -> None:
    """Enter sites, so that clients can be referred to them. Of one told twice the last counts."""
    latest = {site.site_id: {**dict(site), "id": site.site_id} for site in told}
    await tx.execute(REMEMBER, *SITES.arrays(latest.values()))
