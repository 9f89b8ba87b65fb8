"""Screenings that intake scored."""

from services.outcomes.scores.commands import keep_scores
from shared.contracts.intake import ScreeningCompleted
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(ScreeningCompleted)
async def screenings_completed(
    tx: Transaction, received: list[Received[ScreeningCompleted]]
) -> None:
    await keep_scores(tx, [one.event for one in received])
