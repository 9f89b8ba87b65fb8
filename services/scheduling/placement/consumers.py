"""Enrolments, as intake tells them: seats are given when they begin and freed when they end."""

from services.scheduling.placement.commands import Departure, end_placements, place_clients
from services.scheduling.placement.rules import Need
from services.scheduling.placement.seats import Arrival
from shared.contracts.intake import ClientEnrolled, ClientSteppedDown
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(ClientEnrolled)
async def clients_enrolled(tx: Transaction, received: list[Received[ClientEnrolled]]) -> None:
    await place_clients(
        tx,
        [
            Arrival(
                one.event.client_id,
                one.event.site_id,
                one.event.enrolment_id,
                Need(one.event.dual_diagnosis, one.event.gender_group),
                one,
            )
            for one in received
        ],
    )


@consumers.on_many(ClientSteppedDown)
async def clients_stepped_down(
    tx: Transaction, received: list[Received[ClientSteppedDown]]
) -> None:
    await end_placements(
        tx, [Departure(one.event.enrolment_id, one.event.site_id, one) for one in received]
    )
