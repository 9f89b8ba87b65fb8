"""Consents that end by themselves: with the end of a day, or with an event."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from services.intake.consents.policy.vocabulary import vocabulary
from shared.contracts.intake import ConsentExpired
from shared.database import Transaction, at_all_sites
from shared.messaging.outbox import publish

EXPIRE_WITH = """
UPDATE consents SET state = 'expired', ended_at = $3, version = version + 1
WHERE client_id = ANY (platform.records_of($1)) AND state = 'granted' AND expires_with = $2
RETURNING id AS consent_id, client_id, site_id, form, ended_at AS expired_at
"""
EXPIRE_OVERDUE = """
UPDATE consents SET state = 'expired', ended_at = expires_at, version = version + 1
WHERE client_id = ANY (platform.records_of($1)) AND form = $2 AND state = 'granted'
  AND expires_at <= $3
RETURNING id AS consent_id, client_id, site_id, form, ended_at AS expired_at
"""


async def expire_by_event(tx: Transaction, client_id: UUID, word: str) -> list[UUID]:
    """Expire the person's consents that were given up to an event, such as `end_of_treatment`, in
    the transaction of whoever knows that it came, for whichever record and at whichever site they
    were entered; publishes ConsentExpired for each. The ids of those that the caller may see.

    The caller locks the client, so that nobody enters a consent meanwhile.

    Raises:
        LookupError: no consent can be given up to such an event.
    """
    if word not in vocabulary().events:
        raise LookupError(f"{word} is no event up to which a consent can be given")
    async with at_all_sites(tx):
        rows = await tx.fetch(EXPIRE_WITH, client_id, word, tx.now)
    tell_expired(tx, rows)
    return sorted(row["consent_id"] for row in rows if tx.may_see(row["site_id"]))


async def expire_overdue(tx: Transaction, client_id: UUID, form: str) -> None:
    """Expire what the job has not come to yet, so that a new consent replaces nothing that is over;
    publishes ConsentExpired."""
    tell_expired(tx, await tx.fetch(EXPIRE_OVERDUE, client_id, form, tx.now))


def tell_expired(tx: Transaction, rows: Sequence[asyncpg.Record]) -> None:
    """Publish ConsentExpired for each row."""
    for row in rows:
        publish(tx, ConsentExpired(**dict(row)))
