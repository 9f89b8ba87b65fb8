"""Referrals, seats and attendance, as intake and scheduling tell them."""

from services.outcomes.programs.commands import (
    change_referrals,
    keep_attendance,
    keep_referrals,
    keep_seats,
)
from shared.contracts.intake import ReferralReceived, ReferralStateChanged
from shared.contracts.scheduling import (
    ClientPlaced,
    SessionAttended,
    SessionMissed,
    SessionNotHeld,
)
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(ReferralReceived)
async def referrals_received(tx: Transaction, received: list[Received[ReferralReceived]]) -> None:
    await keep_referrals(tx, [one.event for one in received])


@consumers.on_many(ReferralStateChanged)
async def referrals_changed(
    tx: Transaction, received: list[Received[ReferralStateChanged]]
) -> None:
    await change_referrals(tx, [one.event for one in received])


@consumers.on_many(ClientPlaced)
async def clients_placed(tx: Transaction, received: list[Received[ClientPlaced]]) -> None:
    await keep_seats(tx, [one.event for one in received])


async def sessions_told_of(
    tx: Transaction,
    received: list[Received[SessionAttended]]
    | list[Received[SessionMissed]]
    | list[Received[SessionNotHeld]],
) -> None:
    await keep_attendance(tx, received)


consumers.on_many(SessionAttended, "engagement")(sessions_told_of)
consumers.on_many(SessionMissed, "engagement")(sessions_told_of)
consumers.on_many(SessionNotHeld, "engagement")(sessions_told_of)
