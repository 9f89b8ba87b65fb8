"""Merges of records, as every service knows them: what `platform.records_of` answers by.

A record is what a client id names; a merge makes several records one person, and nothing is moved
between them. Intake notes merges in the transaction that makes them, the other services by these
consumers; whatever else reacts and reads over the records runs after them (`"merges"`).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from shared.contracts.intake import ClientMergeUndone, ClientsMerged
from shared.database import Transaction
from shared.messaging.consumer import Consumers, Received

MERGED = """
INSERT INTO platform.merges (merge_id, survivor_id, merged_id, merged_at)
VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""
UNDONE = """
INSERT INTO platform.merges (merge_id, survivor_id, merged_id, merged_at, undone_at)
VALUES ($1, $2, $3, $4, $4) ON CONFLICT (merge_id) DO UPDATE SET undone_at = excluded.undone_at
"""
"""Of a merge that this service was never told, that it is over is all that is needed."""

RECORDS = "SELECT asked, platform.records_of(asked) FROM unnest($1::uuid[]) AS asked"
Records = Mapping[UUID, Sequence[UUID]]
"""Clients, and all records of the person that each is a record of, the one that goes on first."""

consumers = Consumers()


async def records_of(tx: Transaction, client_ids: Iterable[UUID]) -> Records:
    """The records of clients, for several reads that go over them: asked once."""
    return {row[0]: row[1] for row in await tx.fetch(RECORDS, list(set(client_ids)))}


def pairs(records: Records) -> tuple[list[UUID], list[UUID]]:
    """Each client beside each of its records, as two arrays for `unnest`."""
    found = [(client, record) for client, own in records.items() for record in own]
    return [client for client, _ in found], [record for _, record in found]


async def note_merge(
    tx: Transaction, merge_id: UUID, survivor_id: UUID, merged_id: UUID, merged_at: datetime
) -> None:
    """From the next statement on, what was entered for the merged record counts for the survivor.

    Told again, or after its undo, it changes nothing.
    """
    await tx.execute(MERGED, merge_id, survivor_id, merged_id, merged_at)


async def note_undo(
    tx: Transaction, merge_id: UUID, survivor_id: UUID, merged_id: UUID, undone_at: datetime
) -> None:
    """From the next statement on, both records stand for themselves again."""
    await tx.execute(UNDONE, merge_id, survivor_id, merged_id, undone_at)


@consumers.on(ClientsMerged)
async def clients_merged(tx: Transaction, received: Received[ClientsMerged]) -> None:
    told = received.event
    await note_merge(tx, told.merge_id, told.client_id, told.merged_client_id, told.merged_at)


@consumers.on(ClientMergeUndone)
async def client_merge_undone(tx: Transaction, received: Received[ClientMergeUndone]) -> None:
    told = received.event
    await note_undo(tx, told.merge_id, told.client_id, told.merged_client_id, told.undone_at)
