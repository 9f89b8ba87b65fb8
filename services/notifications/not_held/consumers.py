"""Sessions that the program does not hold."""

from services.notifications.not_held.commands import tell_not_held
from shared.contracts.scheduling import SessionNotHeld
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(SessionNotHeld)
async def sessions_not_held(tx: Transaction, received: list[Received[SessionNotHeld]]) -> None:
    await tell_not_held(tx, [(one.event, one.traceparent) for one in received])
