"""Where the stays of clients stand."""

from collections.abc import Iterable
from uuid import UUID

from services.notifications.stays.rules import Standing
from shared.database import Transaction

STAYS = """
SELECT client_id, enrolment_id, standing FROM stays WHERE client_id = ANY ($1::uuid[])
"""


async def stays_of(tx: Transaction, client_ids: Iterable[UUID]) -> dict[UUID, dict[UUID, Standing]]:
    """The stays of those clients of whom one is known, ended ones too."""
    found: dict[UUID, dict[UUID, Standing]] = {}
    for row in await tx.fetch(STAYS, list(set(client_ids))):
        found.setdefault(row["client_id"], {})[row["enrolment_id"]] = row["standing"]
    return found
