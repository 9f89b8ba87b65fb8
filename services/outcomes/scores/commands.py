"""Keeping scores."""

from collections.abc import Sequence

from shared.contracts.intake import ScreeningCompleted
from shared.database import Transaction

INSERT = """
INSERT INTO scores
  (client_id, instrument, completed_at, screening_id, site_id, instrument_version, status, total,
   band, positive, safety_item, answered_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::uuid[], $5::uuid[],
  $6::text[], $7::text[], $8::integer[], $9::text[], $10::boolean[], $11::text[],
  $12::timestamptz[])
"""


async def keep_scores(tx: Transaction, screenings: Sequence[ScreeningCompleted]) -> None:
    """Keep every score of these screenings."""
    rows = [(screening, score) for screening in screenings for score in screening.scores]
    await tx.execute(
        INSERT,
        [screening.client_id for screening, _ in rows],
        [score.instrument for _, score in rows],
        [screening.completed_at for screening, _ in rows],
        [screening.screening_id for screening, _ in rows],
        [screening.site_id for screening, _ in rows],
        [score.instrument_version for _, score in rows],
        [score.status for _, score in rows],
        [score.total for _, score in rows],
        [score.band for _, score in rows],
        [score.positive for _, score in rows],
        [score.safety_item for _, score in rows],
        [score.answered_at or screening.completed_at for screening, score in rows],
    )
