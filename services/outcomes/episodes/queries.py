"""The stay that something is about."""

from typing import Any
from uuid import UUID

from shared.database import Transaction
from shared.errors import found

STAYS = """
SELECT e.*, coalesce(z.time_zone, 'UTC') AS time_zone
FROM episodes e LEFT JOIN sites z ON z.site_id = e.site_id
WHERE e.client_id = ANY (platform.records_of($1))
"""
LATEST = "ORDER BY e.ended_at IS NULL DESC, e.enrolled_at DESC, e.enrolment_id DESC LIMIT 1"
"""The one that goes on: another record of the person may have had a later one that has ended."""


async def stay_of(tx: Transaction, client_id: UUID, enrolment_id: UUID | None = None) -> Any:
    """The stay of a person, by any record, that goes on, else the latest, or that is named; with
    the zone of its site.

    Raises:
        NotFound: there is none that the caller may see.
    """
    named = "AND ($2::uuid IS NULL OR e.enrolment_id = $2)"
    row = await tx.fetchrow(f"{STAYS} {named} {LATEST}", client_id, enrolment_id)
    return found(row, "stay of this client" if enrolment_id else "client in the program")


async def present_stay(tx: Transaction, client_id: UUID) -> Any:
    """The stay of a person that goes on; it does not end before the commit.

    Raises:
        NotFound: the client is not in the program, or at no site of the caller.
    """
    row = await tx.fetchrow(f"{STAYS} AND e.ended_at IS NULL {LATEST} FOR SHARE OF e", client_id)
    return found(row, "client in the program")
