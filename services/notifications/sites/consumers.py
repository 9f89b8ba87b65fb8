"""What scheduling tells of sites."""

from services.notifications.sites.commands import keep_sites
from shared.contracts.scheduling import SiteChanged, SiteEntry, SiteOpened
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


async def sites_told(tx: Transaction, received: list[Received[SiteEntry]]) -> None:
    await keep_sites(tx, [one.event for one in received])


for contract in (SiteOpened, SiteChanged):
    consumers.on_many(contract)(sites_told)
