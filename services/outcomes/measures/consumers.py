"""Whatever changes when a client's measures are due: a stay, a hold, a score, a merge, a zone."""

from services.outcomes.measures.commands import look_again, look_again_at_sites, note_state
from shared.contracts.intake import (
    ClientEnrolled,
    ClientMergeUndone,
    ClientsMerged,
    ClientSteppedDown,
    EpisodeStateChanged,
    ScreeningCompleted,
)
from shared.contracts.scheduling import SiteChanged, SiteOpened
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(ScreeningCompleted, "scores")
async def screenings_completed(
    tx: Transaction, received: list[Received[ScreeningCompleted]]
) -> None:
    await look_again(tx, [one.event.client_id for one in received])


@consumers.on_many(ClientEnrolled, "episodes")
async def clients_enrolled(tx: Transaction, received: list[Received[ClientEnrolled]]) -> None:
    await look_again(tx, [one.event.client_id for one in received])


@consumers.on_many(ClientSteppedDown, "episodes")
async def clients_stepped_down(
    tx: Transaction, received: list[Received[ClientSteppedDown]]
) -> None:
    await look_again(tx, [one.event.client_id for one in received])


@consumers.on(EpisodeStateChanged, "episodes")
async def episode_changed(tx: Transaction, received: Received[EpisodeStateChanged]) -> None:
    await note_state(tx, received.event)


@consumers.on(ClientsMerged, "merges")
async def clients_merged(tx: Transaction, received: Received[ClientsMerged]) -> None:
    await look_again(tx, [received.event.client_id, received.event.merged_client_id])


@consumers.on(ClientMergeUndone, "merges")
async def client_merge_undone(tx: Transaction, received: Received[ClientMergeUndone]) -> None:
    await look_again(tx, [received.event.client_id, received.event.merged_client_id])


@consumers.on_many(SiteOpened, "directory")
async def sites_opened(tx: Transaction, received: list[Received[SiteOpened]]) -> None:
    await look_again_at_sites(tx, [one.event.site_id for one in received])


@consumers.on_many(SiteChanged, "directory")
async def sites_changed(tx: Transaction, received: list[Received[SiteChanged]]) -> None:
    await look_again_at_sites(tx, [one.event.site_id for one in received])
