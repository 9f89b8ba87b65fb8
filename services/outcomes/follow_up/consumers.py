"""Ends of stays, and zones of sites."""

from services.outcomes.follow_up.commands import (
    Ended,
    move_to_zone,
    plan_follow_ups,
)
from shared.contracts.intake import ClientSteppedDown, EpisodeStateChanged
from shared.contracts.scheduling import EndedAs, SiteChanged, SiteOpened
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()
ENDS: dict[str, EndedAs] = {
    "stepped_down": "stepped_down",
    "stepped_up": "stepped_up",
    "completed": "completed",
    "left_against_advice": "left_against_advice",
    "transferred": "transferred",
    "lost": "lost",
    "died": "died",
}


@consumers.on(EpisodeStateChanged, "episodes")
async def episode_changed(tx: Transaction, received: Received[EpisodeStateChanged]) -> None:
    stay = received.event
    if stay.ended:
        await plan_follow_ups(
            tx,
            Ended(
                stay.client_id,
                stay.site_id,
                stay.enrolment_id,
                stay.changed_at,
                ENDS[stay.to_state],
            ),
        )


@consumers.on(ClientSteppedDown, "episodes")
async def client_stepped_down(tx: Transaction, received: Received[ClientSteppedDown]) -> None:
    stay = received.event
    at = stay.stepped_down_at
    ended = Ended(stay.client_id, stay.site_id, stay.enrolment_id, at, "stepped_down")
    await plan_follow_ups(tx, ended)


@consumers.on(SiteOpened, "directory")
async def site_opened(tx: Transaction, received: Received[SiteOpened]) -> None:
    await move_to_zone(tx, received.event.site_id, received.event.time_zone)


@consumers.on(SiteChanged, "directory")
async def site_changed(tx: Transaction, received: Received[SiteChanged]) -> None:
    await move_to_zone(tx, received.event.site_id, received.event.time_zone)
