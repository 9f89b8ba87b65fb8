"""Records that are one person, as intake tells it: nobody is taken twice."""

from collections.abc import Sequence
from uuid import UUID

from services.scheduling.appointments.commands import expect_again, follow_merge
from shared.contracts.intake import ClientMergeUndone, ClientsMerged
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

consumers = Consumers()


@consumers.on_many(ClientsMerged, "merges")
async def clients_merged(tx: Transaction, received: list[Received[ClientsMerged]]) -> None:
    await follow_merge(tx, _records(received))


@consumers.on_many(ClientMergeUndone, "merges")
async def client_merges_undone(
    tx: Transaction, received: list[Received[ClientMergeUndone]]
) -> None:
    await follow_merge(tx, _records(received))
    await expect_again(tx, _records(received))


def _records(
    received: Sequence[Received[ClientsMerged] | Received[ClientMergeUndone]],
) -> list[UUID]:
    events = [one.event for one in received]
    return [one for event in events for one in (event.client_id, event.merged_client_id)]
