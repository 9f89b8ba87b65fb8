"""Pauses of stays, as intake tells them."""

from services.scheduling.holds.commands import follow_holds
from shared.contracts.intake import EpisodeStateChanged
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(EpisodeStateChanged)
async def episodes_changed(tx: Transaction, received: list[Received[EpisodeStateChanged]]) -> None:
    await follow_holds(tx, received)
