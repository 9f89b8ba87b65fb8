"""What intake and outcomes tell of risks: staff are told of each step until a clinician takes
charge."""

from datetime import datetime

from services.notifications.delivery.commands import cancel_of_flags
from services.notifications.escalations.commands import Flag, Told, plan_alerts
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


@consumers.on_many(RiskFlagRaised)
async def flags_raised(tx: Transaction, received: list[Received[RiskFlagRaised]]) -> None:
    await plan_alerts(
        tx, [Told(one.event, 0, one.event.raised_at, one.traceparent) for one in received]
    )


@consumers.on_many(RiskFlagEscalated)
async def flags_escalated(tx: Transaction, received: list[Received[RiskFlagEscalated]]) -> None:
    await plan_alerts(
        tx,
        [
            Told(one.event, one.event.step, one.event.escalated_at, one.traceparent)
            for one in received
        ],
    )


@consumers.on_many(RiskFlagAcknowledged)
async def flags_acknowledged(
    tx: Transaction, received: list[Received[RiskFlagAcknowledged]]
) -> None:
    await cancel_of_flags(tx, (one.event.flag_id for one in received))


@consumers.on_many(EpisodeStateChanged, "delivery")
async def stays_changed(tx: Transaction, received: list[Received[EpisodeStateChanged]]) -> None:
    events = [one.event for one in received]
    await withdraw_of_stays(tx, (e.enrolment_id for e in events if e.ended))


@consumers.on_many(CourseRiskRaised)
async def risks_raised(tx: Transaction, received: list[Received[CourseRiskRaised]]) -> None:
    await plan_alerts(tx, [_told(one, 0, one.event.raised_at) for one in received])


@consumers.on_many(CourseRiskEscalated)
async def risks_escalated(tx: Transaction, received: list[Received[CourseRiskEscalated]]) -> None:
    await plan_alerts(tx, [_told(one, one.event.step, one.event.escalated_at) for one in received])


@consumers.on_many(CourseRiskAcknowledged)
async def risks_acknowledged(
    tx: Transaction, received: list[Received[CourseRiskAcknowledged]]
) -> None:
    await cancel_of_flags(tx, (one.event.risk_id for one in received))


@consumers.on_many(RiskResolved)
async def risks_resolved(tx: Transaction, received: list[Received[RiskResolved]]) -> None:
    await cancel_of_flags(tx, (one.event.risk_id for one in received))


def _told(
    one: Received[CourseRiskRaised] | Received[CourseRiskEscalated], step: int, at: datetime
) -> Told:
    """A risk of outcomes, told like a flag."""
    flag = Flag(one.event.client_id, one.event.site_id, one.event.risk_id, one.event.severity)
    return Told(flag, step, at, one.traceparent)
