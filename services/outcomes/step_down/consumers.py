"""What may make a client ready for another level: figures, scores, hours, risks, an admission, a
merge; and the end of a stay."""

from typing import Any

from services.outcomes.engagement.commands import keep_engagement, lock_clients, lock_records
from services.outcomes.step_down.commands import evaluate_clients, lapse
from services.outcomes.step_down.keeping import keep_days, keep_weeks
from shared.contracts import intake
from shared.contracts.outcomes import EngagementChanged
from shared.contracts.scheduling import WeeklyHoursShort, WeeklyHoursShortageLifted
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(EngagementChanged, "disengagement")
async def engagement_changed(tx: Transaction, received: list[Received[EngagementChanged]]) -> None:
    """After what else is kept by the figures, so that all of it is one statement."""
    told = [one.event for one in received]
    await lock_clients(tx, told)
    await keep_days(tx, told)
    causes = {one.event.client_id: one for one in received}
    await evaluate_clients(tx, causes, by=keep_engagement(told))


async def clients_told_of(tx: Transaction, received: list[Received[Any]]) -> None:
    await lock_clients(tx, [one.event for one in received])
    await evaluate_clients(tx, {one.event.client_id: one for one in received})


consumers.on_many(intake.ScreeningCompleted, "scores")(clients_told_of)
consumers.on_many(intake.ClientEnrolled, "episodes")(clients_told_of)
consumers.on_many(intake.RiskFlagRaised, "risk")(clients_told_of)
consumers.on_many(intake.RiskFlagAcknowledged, "risk")(clients_told_of)


async def weeks_told_of(tx: Transaction, received: list[Received[Any]]) -> None:
    await keep_weeks(tx, [one.event for one in received])
    await clients_told_of(tx, received)


consumers.on_many(WeeklyHoursShort)(weeks_told_of)
consumers.on_many(WeeklyHoursShortageLifted)(weeks_told_of)


async def records_told_of(
    tx: Transaction, received: Received[intake.ClientsMerged] | Received[intake.ClientMergeUndone]
) -> None:
    """Two records became one person, or two again: either may be ready by what counts now."""
    both = [received.event.client_id, received.event.merged_client_id]
    await lock_records(tx, both)
    await evaluate_clients(tx, dict.fromkeys(both, received))


consumers.on(intake.ClientsMerged, "merges", "risk")(records_told_of)
consumers.on(intake.ClientMergeUndone, "merges", "risk")(records_told_of)


@consumers.on(intake.EpisodeStateChanged, "episodes")
async def episode_changed(tx: Transaction, received: Received[intake.EpisodeStateChanged]) -> None:
    stay = received.event
    if stay.ended:
        stepped_down = stay.to_state == "stepped_down"
        await lapse(tx, stay.enrolment_id, stay.changed_at, stepped_down=stepped_down)
