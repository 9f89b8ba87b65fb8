"""Enrolments, as intake tells them: seats are given when they begin and freed when they end.

A batch of events is taken together, at its end: which partition an event came from makes nobody go
first.
"""

from services.scheduling.placement.commands import Departure, change_seats
from services.scheduling.placement.policy import placement_policy
from services.scheduling.placement.rules import Need, priority_of
from services.scheduling.placement.seats import Arrival
from shared.contracts.intake import ClientEnrolled, EpisodeStateChanged
from shared.contracts.scheduling import EndedAs
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(ClientEnrolled)
async def clients_enrolled(tx: Transaction, received: list[Received[ClientEnrolled]]) -> None:
    arrivals = [
        Arrival(
            one.event.client_id,
            one.event.site_id,
            one.event.enrolment_id,
            Need(
                one.event.dual_diagnosis,
                one.event.gender_group,
                priority_of(one.event.priority, placement_policy(one.event.site_id)),
            ),
            one.event.enrolled_at,
            one,
        )
        for one in received
    ]
    tx.at_end(change_seats, *arrivals)


@consumers.on_many(EpisodeStateChanged)
async def episodes_changed(tx: Transaction, received: list[Received[EpisodeStateChanged]]) -> None:
    departures = [
        Departure(one.event.enrolment_id, one.event.site_id, ended_as, one)
        for one in received
        if (ended_as := ended(one.event)) is not None
    ]
    if departures:
        tx.at_end(change_seats, *departures)


def ended(event: EpisodeStateChanged) -> EndedAs | None:
    """As what the stay ended; None while it lasts, and for a step-down, which is told apart."""
    match event.to_state:
        case "enrolled" | "active" | "on_hold" | "stepped_down":
            return None
        case ended_as:
            return ended_as
