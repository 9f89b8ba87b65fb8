"""Scores as they are read."""

from uuid import UUID

from services.outcomes.scores.schemas import Score
from shared.database import Transaction

OF_CLIENT = """
SELECT instrument, instrument_version, screening_id, completed_at,
  coalesce(answered_at, completed_at) AS answered_at, status, total, band, positive, safety_item
FROM scores WHERE client_id = ANY (platform.records_of($1))
ORDER BY instrument, coalesce(answered_at, completed_at), completed_at, screening_id
"""


async def scores_of(tx: Transaction, client_id: UUID) -> list[Score]:
    """A person's scores by instrument, those answered first before the others."""
    return [Score(**dict(row)) for row in await tx.fetch(OF_CLIENT, client_id)]
