"""Opening sites."""

from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID

import asyncpg

from services.scheduling.directory.schemas import NewSite, Site
from shared.contracts.scheduling import SiteOpened
from shared.database import ALL_SITES, Transaction
from shared.errors import Conflict, Refused
from shared.ids import new_id
from shared.messaging.outbox import publish
from shared.zones import Zones, edition

INSERT = """
INSERT INTO sites (id, name, time_zone, opened_at, zone_edition) VALUES ($1, $2, $3, $4, $5)
"""
LOCK = "SELECT id FROM sites WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"
ZONES = Zones()


class AllSitesNeeded(Refused):
    """A caller limited to some sites cannot open another one."""

    status: ClassVar[int] = 403
    title: ClassVar[str] = "Not allowed"


class ZoneRulesDiffer(Conflict):
    """Python and PostgreSQL do not know the same rules of the zone."""

    title = "The rules of the time zone differ"


class SiteNameTaken(Conflict):
    """Two sites cannot have one name."""

    title = "A site has this name"


async def open_site(tx: Transaction, new: NewSite) -> Site:
    """Enter a site in the directory; publishes SiteOpened.

    Raises:
        AllSitesNeeded: when the caller's token lists sites, as the new one is not among them.
        ZoneRulesDiffer: when sessions of the site would be at another time in a query.
        SiteNameTaken: when another site has the name.
    """
    if tx.sites != ALL_SITES:
        raise AllSitesNeeded("Opening a site needs a token for all sites.")
    if (found := await ZONES.difference(tx.fetchval, [new.time_zone], tx.now)) is not None:
        raise ZoneRulesDiffer(str(found), pointer="/time_zone")
    site = Site(id=new_id(), name=new.name, time_zone=new.time_zone, opened_at=tx.now, version=1)
    try:
        await tx.execute(INSERT, site.id, site.name, site.time_zone, site.opened_at, edition())
    except asyncpg.UniqueViolationError:
        raise SiteNameTaken("Another site has this name.", pointer="/name") from None
    publish(tx, SiteOpened(site_id=site.id, time_zone=site.time_zone, opened_at=tx.now))
    return site


async def lock_sites(tx: Transaction, site_ids: Iterable[UUID]) -> None:
    """Wait until nobody else gives or opens seats at these sites, and keep them for this
    transaction. Sites are locked in the order of their ids, so that two such locks cannot
    deadlock."""
    await tx.fetch(LOCK, sorted(set(site_ids)))
