"""In which language clients read."""

from collections.abc import Iterable
from uuid import UUID

from shared.database import Transaction

LANGUAGES = """
SELECT DISTINCT ON (w.client_id) w.client_id, l.language
FROM unnest($1::uuid[]) AS w (client_id)
CROSS JOIN LATERAL unnest(platform.records_of(w.client_id)) AS r (record)
JOIN client_languages l ON l.client_id = r.record
ORDER BY w.client_id, l.changed_at DESC, l.client_id
"""
"""Of what was told of the records of a person the latest counts."""


async def languages_of(tx: Transaction, client_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The languages, as BCP 47 tags, of those clients who stated one."""
    rows = await tx.fetch(LANGUAGES, list(set(client_ids)))
    return {row["client_id"]: row["language"] for row in rows}
