"""Admissions, step-downs and other ends."""

from services.outcomes.episodes.commands import begin_episodes, end_episodes
from shared.contracts.intake import ClientEnrolled, ClientSteppedDown, EpisodeStateChanged
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()
consumers.give(ClientEnrolled, begin_episodes)
consumers.give(ClientSteppedDown, end_episodes)


@consumers.on_many(EpisodeStateChanged)
async def episodes_changed(tx: Transaction, received: list[Received[EpisodeStateChanged]]) -> None:
    await end_episodes(tx, [one.event for one in received if one.event.ended])
