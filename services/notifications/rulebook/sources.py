"""The events that a rule may begin or end with: those that this service is told of.

A list, as the streams that a service may read follow from it.
"""

from shared.contracts import intake, outcomes, scheduling
from shared.contracts.base import Event

LINKS = {
    "follow_up": ("outcomes", "/follow-ups/{about}/link"),
    "questionnaire": ("intake", "/questionnaires/{about}/links"),
}
"""By purpose of a one-time link, the service that makes it and where it is asked to."""
ASKED_ABOUT = {"follow_up": ("/follow-ups/{about}", "due")}
"""Of what no event ends: where the service says how it stands, and its state while it is open."""
SOURCES: dict[str, type[Event]] = {
    contract.__name__: contract
    for contract in (
        scheduling.SessionScheduled,
        scheduling.SessionCancelled,
        scheduling.SessionNotHeld,
        scheduling.SessionAttended,
        scheduling.SessionMissed,
        scheduling.SeatOffered,
        scheduling.SeatAccepted,
        scheduling.SeatDeclined,
        scheduling.SeatOfferExpired,
        scheduling.SeatOfferWithdrawn,
        scheduling.WeeklyHoursAtRisk,
        scheduling.WeeklyHoursShortageLifted,
        scheduling.RecertificationDue,
        intake.ClientSteppedDown,
        intake.QuestionnaireDue,
        intake.QuestionnaireClosed,
        outcomes.StepDownDecided,
        outcomes.FollowUpDue,
        outcomes.DisengagementRiskRaised,
    )
}
"""By their names."""
