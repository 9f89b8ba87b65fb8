"""Stays that end as stepped up, as intake tells them, and accepted step-ups, as outcomes does."""

from services.scheduling.step_up.commands import hold_at_step_up
from services.scheduling.step_up.policy import step_up_policy
from shared.contracts.intake import EpisodeStateChanged
from shared.contracts.outcomes import RecommendationDecided
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on(EpisodeStateChanged)
async def episode_changed(tx: Transaction, one: Received[EpisodeStateChanged]) -> None:
    if one.event.to_state == "stepped_up":
        await hold_at_step_up(tx, step_up_policy(one.event.site_id).level, one)


@consumers.on(RecommendationDecided)
async def recommendation_decided(tx: Transaction, one: Received[RecommendationDecided]) -> None:
    if (one.event.kind, one.event.decision) == ("step_up", "accept"):
        await hold_at_step_up(tx, one.event.to_level, one)
