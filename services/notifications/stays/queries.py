"""Where the stays of clients stand."""

from uuid import UUID

from services.notifications.stays.rules import Standing
from shared.database import Transaction
from shared.merges import Records, pairs

STAYS = """
SELECT w.client_id, s.enrolment_id, s.standing
FROM unnest($1::uuid[], $2::uuid[]) AS w (client_id, record)
JOIN stays s ON s.client_id = w.record
WHERE s.client_id = w.client_id OR s.standing = 'gone'
"""
"""A message stands to a stay of its own record, but a death that was told of any record of a person
counts for all of them."""


async def stays_of(tx: Transaction, records: Records) -> dict[UUID, dict[UUID, Standing]]:
    """The stays of those clients of whom one is known, ended ones too; a record that was merged
    into another one is `gone`."""
    found: dict[UUID, dict[UUID, Standing]] = {
        client: {own[0]: "gone"} for client, own in records.items() if own[0] != client
    }
    for row in await tx.fetch(STAYS, *pairs(records)):
        found.setdefault(row["client_id"], {})[row["enrolment_id"]] = row["standing"]
    return found
