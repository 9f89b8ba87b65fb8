"""Sites that scheduling opened or changed."""

from services.outcomes.directory.commands import enter_sites
from shared.contracts.scheduling import SiteChanged, SiteOpened
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(SiteOpened)
async def sites_opened(tx: Transaction, received: list[Received[SiteOpened]]) -> None:
    await enter_sites(tx, [one.event for one in received])


@consumers.on_many(SiteChanged)
async def sites_changed(tx: Transaction, received: list[Received[SiteChanged]]) -> None:
    await enter_sites(tx, [one.event for one in received])
