"""What scheduling tells of sites."""

from services.notifications.sites.commands import Site, keep_sites
from shared.contracts.scheduling import SiteChanged, SiteEntry, SiteOpened
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


async def sites_told(tx: Transaction, received: list[Received[SiteEntry]]) -> None:
    events = [one.event for one in received]
    await keep_sites(tx, (Site(e.site_id, e.time_zone, e.region_id) for e in events))


for contract in (SiteOpened, SiteChanged):
    consumers.on_many(contract)(sites_told)
