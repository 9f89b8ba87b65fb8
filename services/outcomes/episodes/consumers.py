"""Admissions, step-downs and other ends."""

from services.outcomes.episodes.commands import begin_episodes, end_episode
from shared.contracts.intake import ClientEnrolled, ClientSteppedDown, EpisodeStateChanged
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(ClientEnrolled)
async def clients_enrolled(tx: Transaction, received: list[Received[ClientEnrolled]]) -> None:
    await begin_episodes(tx, [one.event for one in received])


@consumers.on(ClientSteppedDown)
async def client_stepped_down(tx: Transaction, received: Received[ClientSteppedDown]) -> None:
    await end_episode(tx, received.event, received.event.stepped_down_at)


@consumers.on(EpisodeStateChanged)
async def episode_changed(tx: Transaction, received: Received[EpisodeStateChanged]) -> None:
    if received.event.ended:
        await end_episode(tx, received.event, received.event.changed_at)
