"""Ends of stays, and zones of sites."""

from services.outcomes.follow_up.commands import move_to_zone, plan_follow_ups
from shared.contracts.intake import ClientSteppedDown, EpisodeStateChanged
from shared.contracts.scheduling import SiteChanged, SiteOpened
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on(EpisodeStateChanged, "episodes")
async def episode_changed(tx: Transaction, received: Received[EpisodeStateChanged]) -> None:
    if received.event.ended:
        await plan_follow_ups(tx, received.event, received.event.changed_at)


@consumers.on(ClientSteppedDown, "episodes")
async def client_stepped_down(tx: Transaction, received: Received[ClientSteppedDown]) -> None:
    await plan_follow_ups(tx, received.event, received.event.stepped_down_at)


async def site_told_of(
    tx: Transaction, received: Received[SiteOpened] | Received[SiteChanged]
) -> None:
    await move_to_zone(tx, received.event.site_id, received.event.time_zone)


consumers.on(SiteOpened, "directory")(site_told_of)
consumers.on(SiteChanged, "directory")(site_told_of)
