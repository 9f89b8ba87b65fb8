"""What intake and outcomes tell of risks: staff are told of each step until a clinician takes
charge."""

from typing import Any
from uuid import UUID

from services.notifications.delivery.commands import cancel_of_flags
from services.notifications.escalations.commands import Told, plan_alerts
from services.notifications.escalations.tasks import withdraw_of_stays
from shared.contracts.intake import (
    EpisodeStateChanged,
    RiskFlagAcknowledged,
    RiskFlagEscalated,
    RiskFlagRaised,
)
from shared.contracts.outcomes import (
    CourseRiskAcknowledged,
    CourseRiskEscalated,
    CourseRiskRaised,
    RiskResolved,
)
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()
Step = RiskFlagRaised | RiskFlagEscalated | CourseRiskRaised | CourseRiskEscalated
End = RiskFlagAcknowledged | CourseRiskAcknowledged | RiskResolved


async def steps_reached(tx: Transaction, received: list[Received[Any]]) -> None:
    await plan_alerts(tx, [_told(one.event, one.traceparent) for one in received])


async def risks_over(tx: Transaction, received: list[Received[Any]]) -> None:
    await cancel_of_flags(tx, (_risk(one.event) for one in received))


for step in (RiskFlagRaised, RiskFlagEscalated, CourseRiskRaised, CourseRiskEscalated):
    consumers.on_many(step)(steps_reached)
for end in (RiskFlagAcknowledged, CourseRiskAcknowledged, RiskResolved):
    consumers.on_many(end)(risks_over)


@consumers.on_many(EpisodeStateChanged, "delivery")
async def stays_changed(tx: Transaction, received: list[Received[EpisodeStateChanged]]) -> None:
    events = [one.event for one in received]
    await withdraw_of_stays(tx, (e.enrolment_id for e in events if e.ended))


def _told(event: Step, traceparent: str | None) -> Told:
    if isinstance(event, RiskFlagEscalated | CourseRiskEscalated):
        step, at = event.step, event.escalated_at
    else:
        step, at = 0, event.raised_at
    about = (event.client_id, event.site_id, _risk(event), event.severity)
    return Told(*about, step=step, at=at, traceparent=traceparent)


def _risk(event: Step | End) -> UUID:
    """The id of a risk: to staff one that outcomes found is like a flag of intake."""
    if isinstance(event, RiskFlagRaised | RiskFlagEscalated | RiskFlagAcknowledged):
        return event.flag_id
    return event.risk_id
