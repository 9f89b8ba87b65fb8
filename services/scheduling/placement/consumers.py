"""Enrolments, as intake tells them: seats are given when they begin and freed when they end.

A batch of events is taken together, at its end: which partition an event came from makes nobody go
first.
"""

from services.scheduling.placement import commands
from services.scheduling.placement.arrivals import enrolled
from shared.contracts import intake
from shared.contracts.scheduling import EndedAs
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(intake.ClientEnrolled, "preferences")
async def clients_enrolled(
    tx: Transaction, received: list[Received[intake.ClientEnrolled]]
) -> None:
    tx.at_end(commands.change_seats, *map(enrolled, received))


consumers.on_many(intake.PreferencesChanged, "preferences")(commands.reconsider)


consumers.on_many(intake.DualDiagnosisChanged, "preferences")(commands.note_diagnoses)


@consumers.on_many(intake.EpisodeStateChanged)
async def episodes_changed(
    tx: Transaction, received: list[Received[intake.EpisodeStateChanged]]
) -> None:
    for one in received:
        if (ended_as := ended(one.event)) is not None:
            leaving = commands.Departure(one.event.enrolment_id, one.event.site_id, ended_as, one)
            tx.at_end(commands.change_seats, leaving)


def ended(event: intake.EpisodeStateChanged) -> EndedAs | None:
    """As what the stay ended; None while it lasts, and for a step-down, which is told apart."""
    match event.to_state:
        case "enrolled" | "active" | "on_hold" | "stepped_down":
            return None
        case ended_as:
            return ended_as
