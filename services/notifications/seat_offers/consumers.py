"""Seat offers and their ends, as scheduling tells them."""

from services.notifications.seat_offers.commands import stop_telling, tell_offers
from shared.contracts.scheduling import (
    SeatAccepted,
    SeatDeclined,
    SeatOffered,
    SeatOfferEvent,
    SeatOfferExpired,
    SeatOfferWithdrawn,
)
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(SeatOffered)
async def seats_offered(tx: Transaction, received: list[Received[SeatOffered]]) -> None:
    await tell_offers(tx, [(one.event, one.traceparent) for one in received])


async def offers_over(tx: Transaction, received: list[Received[SeatOfferEvent]]) -> None:
    await stop_telling(tx, (one.event for one in received))


for contract in (SeatAccepted, SeatDeclined, SeatOfferExpired, SeatOfferWithdrawn):
    consumers.on_many(contract)(offers_over)
