"""What outcomes finds due in the course of treatment."""

from services.intake.questionnaires.due import ask_what_is_due
from shared.contracts.outcomes import MeasureDue
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(MeasureDue)
async def measures_due(tx: Transaction, received: list[Received[MeasureDue]]) -> None:
    await ask_what_is_due(tx, received)
