"""Scores as they are read."""

from uuid import UUID

from services.outcomes.scores.schemas import Score
from shared.database import Transaction

OF_CLIENT = """
SELECT instrument, instrument_version, screening_id, completed_at, status, total, band, positive,
  safety_item
FROM scores WHERE client_id = $1 ORDER BY instrument, completed_at, screening_id
"""


async def scores_of(tx: Transaction, client_id: UUID) -> list[Score]:
    """A client's scores by instrument, oldest first."""
    return [Score(**dict(row)) for row in await tx.fetch(OF_CLIENT, client_id)]
