"""Keeping the zones of the sites."""

from collections.abc import Mapping
from uuid import UUID

from shared.database import Transaction

ENTER = """
INSERT INTO sites (site_id, time_zone) SELECT * FROM unnest($1::uuid[], $2::text[])
ON CONFLICT (site_id) DO UPDATE SET time_zone = excluded.time_zone
"""
LEARN = """
INSERT INTO sites (site_id, time_zone) SELECT * FROM unnest($1::uuid[], $2::text[])
ON CONFLICT (site_id) DO NOTHING
"""


async def enter_sites(tx: Transaction, zones: Mapping[UUID, str]) -> None:
    """Keep the zone of each site; what was known is replaced."""
    await tx.execute(ENTER, list(zones), list(zones.values()))


async def learn_zones(tx: Transaction, zones: Mapping[UUID, str]) -> None:
    """Keep the zones of sites that are not known yet.

    A site that was opened before this service kept sites is never told of again.
    """
    await tx.execute(LEARN, list(zones), list(zones.values()))
