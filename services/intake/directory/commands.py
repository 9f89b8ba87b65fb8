"""Keeping a copy of the sites."""

from collections.abc import Sequence

from shared.contracts.scheduling import SiteOpened
from shared.database import Transaction

INSERT = """
INSERT INTO sites (id, time_zone, opened_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[])
ON CONFLICT (id) DO UPDATE SET time_zone = excluded.time_zone
"""


async def remember_sites(tx: Transaction, opened: Sequence[SiteOpened]) -> None:
    """Enter sites, so that clients can be referred to them. Of one told twice the last counts."""
    latest = {site.site_id: site for site in opened}.values()
    await tx.execute(
        INSERT,
        [site.site_id for site in latest],
        [site.time_zone for site in latest],
        [site.opened_at for site in latest],
    )
