"""Keeping scores."""

from collections.abc import Sequence

from shared.contracts.intake import ScreeningCompleted
from shared.database import Columns, Transaction

SCORES = Columns.of(
    client_id="uuid",
    site_id="uuid",
    screening_id="uuid",
    completed_at="timestamptz",
    instrument="text",
    instrument_version="text",
    status="text",
    total="integer",
    band="text",
    positive="boolean",
    safety_item="text",
    answered_at="timestamptz",
)
INSERT = f"""
INSERT INTO scores ({SCORES.names}) SELECT * FROM {SCORES.rows}
"""  # noqa: S608 - the columns are above


async def keep_scores(tx: Transaction, screenings: Sequence[ScreeningCompleted]) -> None:
    """Keep every score of these screenings."""
    rows = [
        {
            **dict(screening),
            **dict(score),
            "answered_at": score.answered_at or screening.completed_at,
        }
        for screening in screenings
        for score in screening.scores
    ]
    await tx.execute(INSERT, *SCORES.arrays(rows))
