"""What may make a client ready to step down: figures, scores, an admission, a merge; an end."""

from services.outcomes.engagement.commands import (
    keep_engagement,
    lock_clients,
    lock_records,
)
from services.outcomes.step_down.commands import evaluate_clients, lapse
from shared.contracts.intake import (
    ClientEnrolled,
    ClientMergeUndone,
    ClientsMerged,
    EpisodeStateChanged,
    ScreeningCompleted,
)
from shared.contracts.outcomes import EngagementChanged
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(EngagementChanged)
async def engagement_changed(tx: Transaction, received: list[Received[EngagementChanged]]) -> None:
    changed = set(await keep_engagement(tx, [one.event for one in received]))
    causes = {one.event.client_id: one for one in received if one.event.client_id in changed}
    if causes:
        await evaluate_clients(tx, causes)


@consumers.on_many(ScreeningCompleted, "scores")
async def screenings_completed(
    tx: Transaction, received: list[Received[ScreeningCompleted]]
) -> None:
    await lock_clients(tx, [one.event for one in received])
    await evaluate_clients(tx, {one.event.client_id: one for one in received})


@consumers.on_many(ClientEnrolled, "episodes")
async def clients_enrolled(tx: Transaction, received: list[Received[ClientEnrolled]]) -> None:
    await lock_clients(tx, [one.event for one in received])
    await evaluate_clients(tx, {one.event.client_id: one for one in received})


@consumers.on(ClientsMerged, "merges")
async def clients_merged(tx: Transaction, received: Received[ClientsMerged]) -> None:
    await _evaluate_both(tx, received)


@consumers.on(ClientMergeUndone, "merges")
async def client_merge_undone(tx: Transaction, received: Received[ClientMergeUndone]) -> None:
    await _evaluate_both(tx, received)


@consumers.on(EpisodeStateChanged, "episodes")
async def episode_changed(tx: Transaction, received: Received[EpisodeStateChanged]) -> None:
    stay = received.event
    if stay.ended:
        stepped_down = stay.to_state == "stepped_down"
        await lapse(tx, stay.enrolment_id, stay.changed_at, stepped_down=stepped_down)


async def _evaluate_both(
    tx: Transaction, received: Received[ClientsMerged] | Received[ClientMergeUndone]
) -> None:
    """Two records became one person, or two again: either may be ready by what counts now."""
    both = [received.event.client_id, received.event.merged_client_id]
    await lock_records(tx, both)
    await evaluate_clients(tx, dict.fromkeys(both, received))
