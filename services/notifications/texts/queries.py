"""In which language clients read."""

from uuid import UUID

from shared.database import Transaction
from shared.merges import Records, pairs

LANGUAGES = """
SELECT DISTINCT ON (w.client_id) w.client_id, l.language
FROM unnest($1::uuid[], $2::uuid[]) AS w (client_id, record)
JOIN client_languages l ON l.client_id = w.record
ORDER BY w.client_id, l.changed_at DESC, l.client_id
"""
"""Of what was told of the records of a person the latest counts."""


async def languages_of(tx: Transaction, records: Records) -> dict[UUID, str]:
    """The languages, as BCP 47 tags, of those clients who stated one."""
    rows = await tx.fetch(LANGUAGES, *pairs(records))
    return {row["client_id"]: row["language"] for row in rows}
