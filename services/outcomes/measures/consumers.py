"""Whatever changes when a client's measures are due: a stay, a hold, a score, a merge, a zone."""

from services.outcomes.measures.commands import look_again, look_again_at_sites, note_state
from shared.contracts.intake import (
    ClientEnrolled,
    ClientMergeUndone,
    ClientsMerged,
    ClientSteppedDown,
    EpisodeStateChanged,
    IntakeEvent,
    ScreeningCompleted,
)
from shared.contracts.scheduling import SiteChanged, SiteOpened
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


async def clients_told_of(tx: Transaction, received: list[Received[IntakeEvent]]) -> None:
    await look_again(tx, [one.event.client_id for one in received])


AFTER: dict[type[IntakeEvent], str] = {
    ScreeningCompleted: "scores",
    ClientEnrolled: "episodes",
    ClientSteppedDown: "episodes",
}
for contract, capability in AFTER.items():
    consumers.on_many(contract, capability)(clients_told_of)


@consumers.on(EpisodeStateChanged, "episodes")
async def episode_changed(tx: Transaction, received: Received[EpisodeStateChanged]) -> None:
    await note_state(tx, received.event)


async def records_told_of(
    tx: Transaction, received: Received[ClientsMerged] | Received[ClientMergeUndone]
) -> None:
    await look_again(tx, [received.event.client_id, received.event.merged_client_id])


consumers.on(ClientsMerged, "merges")(records_told_of)
consumers.on(ClientMergeUndone, "merges")(records_told_of)


async def sites_told_of(
    tx: Transaction, received: list[Received[SiteOpened]] | list[Received[SiteChanged]]
) -> None:
    await look_again_at_sites(tx, [one.event.site_id for one in received])


consumers.on_many(SiteOpened, "directory")(sites_told_of)
consumers.on_many(SiteChanged, "directory")(sites_told_of)
