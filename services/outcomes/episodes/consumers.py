"""Admissions, step-downs and other ends."""

from services.outcomes.episodes.commands import begin_episodes, end_episodes
from shared.contracts.intake import ClientEnrolled, ClientSteppedDown, EpisodeStateChanged
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(ClientEnrolled)
async def clients_enrolled(tx: Transaction, received: list[Received[ClientEnrolled]]) -> None:
    await begin_episodes(tx, [one.event for one in received])


@consumers.on_many(ClientSteppedDown)
async def clients_stepped_down(
    tx: Transaction, received: list[Received[ClientSteppedDown]]
) -> None:
    await end_episodes(tx, [one.event for one in received])


@consumers.on_many(EpisodeStateChanged)
async def episodes_changed(tx: Transaction, received: list[Received[EpisodeStateChanged]]) -> None:
    await end_episodes(tx, [one.event for one in received if one.event.ended])
