"""Merges of records, as intake tells of them."""

from datetime import datetime
from uuid import UUID, uuid4

from shared import clock
from shared.contracts.intake import ClientMergeUndone, ClientsMerged


def merged(
    survivor: UUID, merged: UUID, site: UUID, *, merge_id: UUID | None = None
) -> ClientsMerged:
    """The survivor goes on for the merged record, from now on."""
    return ClientsMerged(
        client_id=survivor,
        site_id=site,
        merge_id=merge_id or uuid4(),
        merged_client_id=merged,
        merged_at=clock.now(),
    )


def undone(merge: ClientsMerged, at: datetime | None = None) -> ClientMergeUndone:
    """Both stand for themselves again."""
    return ClientMergeUndone(
        client_id=merge.client_id,
        site_id=merge.site_id,
        merge_id=merge.merge_id,
        merged_client_id=merge.merged_client_id,
        undone_at=at or clock.now(),
    )
