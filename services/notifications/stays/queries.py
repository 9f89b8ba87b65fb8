"""Where the stays of clients stand."""

from collections.abc import Iterable
from uuid import UUID

from services.notifications.stays.rules import Standing
from shared.database import Transaction

STAYS = """
SELECT client_id, enrolment_id, standing FROM stays WHERE client_id = ANY ($1::uuid[])
UNION ALL
SELECT w.client_id, s.enrolment_id, s.standing FROM unnest($1::uuid[]) AS w (client_id)
CROSS JOIN LATERAL unnest(platform.records_of(w.client_id)) AS r (record)
JOIN stays s ON s.client_id = r.record
WHERE s.standing = 'gone' AND s.client_id <> w.client_id
UNION ALL
SELECT merged_id, merge_id, 'gone' FROM platform.merges
WHERE merged_id = ANY ($1::uuid[]) AND undone_at IS NULL
"""
"""A death that was told of any record of a person counts for all of them."""


async def stays_of(tx: Transaction, client_ids: Iterable[UUID]) -> dict[UUID, dict[UUID, Standing]]:
    """The stays of those clients of whom one is known, ended ones too; of a record that was merged
    into another one that is `gone`."""
    found: dict[UUID, dict[UUID, Standing]] = {}
    for row in await tx.fetch(STAYS, list(set(client_ids))):
        found.setdefault(row["client_id"], {})[row["enrolment_id"]] = row["standing"]
    return found
