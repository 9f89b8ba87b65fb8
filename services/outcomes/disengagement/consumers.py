"""Figures: they say how likely a stay seems to break off."""

from services.outcomes.disengagement.commands import assess_stays
from shared.contracts.outcomes import EngagementChanged
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(EngagementChanged)
async def engagement_changed(tx: Transaction, received: list[Received[EngagementChanged]]) -> None:
    await assess_stays(tx, received)
