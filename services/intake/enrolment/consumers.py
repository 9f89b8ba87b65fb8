"""What others tell of a stay: its first service, the decision to step down, and a seat taken at a
higher level."""

from services.intake.enrolment.commands import begin_service, step_down, step_up
from shared.contracts.outcomes import StepDownDecided
from shared.contracts.scheduling import PartnerSeatReleased, SessionAttended
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on(StepDownDecided)
async def step_down_decided(tx: Transaction, received: Received[StepDownDecided]) -> None:
    if received.event.decision == "accept":
        await step_down(tx, received.event, cause=received)


@consumers.on(PartnerSeatReleased)
async def partner_seat_released(tx: Transaction, received: Received[PartnerSeatReleased]) -> None:
    if received.event.outcome == "taken":
        await step_up(tx, received.event, cause=received)


@consumers.on_many(SessionAttended, "authorizations")
async def sessions_attended(tx: Transaction, received: list[Received[SessionAttended]]) -> None:
    await begin_service(tx, received)
