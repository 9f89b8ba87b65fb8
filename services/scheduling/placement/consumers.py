"""Enrolments, as intake tells them: seats are given when they begin and freed when they end;
and what makes a seat urgent.

A batch of events is taken together, at its end: which partition an event came from makes nobody go
first.
"""

from services.scheduling.placement import commands
from services.scheduling.placement.chart import enrolled
from shared.contracts import intake
from shared.contracts.intake import ClientEnrolled, EpisodeStateChanged
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()
consumers.on_many(intake.PreferencesChanged, "preferences")(commands.reconsider)
consumers.on_many(intake.DualDiagnosisChanged, "preferences")(commands.note_diagnoses)
consumers.give(intake.RiskFlagRaised, commands.note_flags)
consumers.give(intake.LevelOfCareSigned, commands.note_levels)


@consumers.on_many(ClientEnrolled, "preferences")
async def clients_enrolled(tx: Transaction, received: list[Received[ClientEnrolled]]) -> None:
    tx.at_end(commands.change_seats, *map(enrolled, received))


@consumers.on_many(EpisodeStateChanged)
async def episodes_changed(tx: Transaction, received: list[Received[EpisodeStateChanged]]) -> None:
    for one in received:
        match one.event.to_state:
            case "enrolled" | "active" | "on_hold" | "stepped_down":
                pass  # the stay lasts, or is over by a step-down, which is told apart
            case ended_as:
                stay = one.event.enrolment_id, one.event.site_id
                tx.at_end(commands.change_seats, commands.Departure(*stay, ended_as, one))
