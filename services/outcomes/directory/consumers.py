"""Sites that scheduling opened."""

from services.outcomes.directory.commands import enter_sites
from shared.contracts.scheduling import SiteOpened
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(SiteOpened)
async def sites_opened(tx: Transaction, received: list[Received[SiteOpened]]) -> None:
    await enter_sites(tx, {one.event.site_id: one.event.time_zone for one in received})
