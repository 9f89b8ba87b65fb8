"""Decisions of clinicians on step-down recommendations."""

from services.intake.enrolment.commands import step_down
from shared.contracts.outcomes import StepDownDecided
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on(StepDownDecided)
async def step_down_decided(tx: Transaction, received: Received[StepDownDecided]) -> None:
    if received.event.decision == "accept":
        await step_down(tx, received.event, cause=received)
