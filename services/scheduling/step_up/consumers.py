"""Stays that end as stepped up, as intake tells them, and accepted step-ups, as outcomes does."""

from services.scheduling.step_up.commands import hold_at_step_up
from services.scheduling.step_up.policy import step_up_policy
from shared.contracts.intake import EpisodeStateChanged
from shared.contracts.outcomes import RecommendationDecided
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(EpisodeStateChanged)
async def episodes_changed(tx: Transaction, received: list[Received[EpisodeStateChanged]]) -> None:
    for one in received:
        if one.event.to_state == "stepped_up":
            await hold_at_step_up(tx, step_up_policy(one.event.site_id).level, one)


@consumers.on_many(RecommendationDecided)
async def recommendations_decided(
    tx: Transaction, received: list[Received[RecommendationDecided]]
) -> None:
    for one in received:
        if (one.event.kind, one.event.decision) == ("step_up", "accept"):
            await hold_at_step_up(tx, one.event.to_level, one)
