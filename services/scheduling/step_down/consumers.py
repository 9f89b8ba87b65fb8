"""Step-downs, as intake tells them, and clients who come back."""

from services.scheduling.step_down.commands import come_back, step_down
from shared.contracts.intake import ClientEnrolled, ClientSteppedDown
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(ClientSteppedDown)
async def clients_stepped_down(
    tx: Transaction, received: list[Received[ClientSteppedDown]]
) -> None:
    await step_down(tx, received)


@consumers.on_many(ClientEnrolled)
async def clients_enrolled(tx: Transaction, received: list[Received[ClientEnrolled]]) -> None:
    await come_back(tx, [one.event.client_id for one in received])
