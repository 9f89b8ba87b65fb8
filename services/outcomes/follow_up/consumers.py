"""Ends of stays, returns to the program, merges, and zones of sites."""

from services.outcomes.follow_up.commands import (
    Ended,
    move_to_zone,
    plan_follow_ups,
    settle_returns,
)
from shared.contracts.intake import (
    ClientEnrolled,
    ClientMergeUndone,
    ClientsMerged,
    ClientSteppedDown,
    EpisodeStateChanged,
)
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


@consumers.on_many(ClientEnrolled, "episodes")
async def clients_enrolled(tx: Transaction, received: list[Received[ClientEnrolled]]) -> None:
    await settle_returns(tx, (one.event.client_id for one in received))


@consumers.on(ClientsMerged, "merges")
async def clients_merged(tx: Transaction, received: Received[ClientsMerged]) -> None:
    await settle_returns(tx, [received.event.client_id, received.event.merged_client_id])


@consumers.on(ClientMergeUndone, "merges")
async def client_merge_undone(tx: Transaction, received: Received[ClientMergeUndone]) -> None:
    await settle_returns(tx, [received.event.client_id, received.event.merged_client_id])


@consumers.on(SiteOpened, "directory")
async def site_opened(tx: Transaction, received: Received[SiteOpened]) -> None:
    await move_to_zone(tx, received.event.site_id, received.event.time_zone)


@consumers.on(SiteChanged, "directory")
async def site_changed(tx: Transaction, received: Received[SiteChanged]) -> None:
    await move_to_zone(tx, received.event.site_id, received.event.time_zone)
