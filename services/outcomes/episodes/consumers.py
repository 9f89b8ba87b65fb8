"""Admissions and step-downs."""

from services.outcomes.episodes.commands import begin_episode, end_episode
from shared.contracts.intake import ClientEnrolled, ClientSteppedDown
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on(ClientEnrolled)
async def client_enrolled(tx: Transaction, received: Received[ClientEnrolled]) -> None:
    await begin_episode(tx, received.event)


@consumers.on(ClientSteppedDown)
async def client_stepped_down(tx: Transaction, received: Received[ClientSteppedDown]) -> None:
    await end_episode(tx, received.event)
