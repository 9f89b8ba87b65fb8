"""Keeping scores."""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from shared.contracts.intake import InstrumentScore, Score, ScreeningCompleted
from shared.database import Columns, Transaction

SCORES = Columns.by_type(
    uuid="client_id site_id screening_id",
    timestamptz="completed_at answered_at",
    text="instrument instrument_version status band safety_item",
    integer="total",
    boolean="positive",
    jsonb="subscores",
)
INSERT = SCORES.insert("scores")


async def keep_scores(tx: Transaction, screenings: Sequence[ScreeningCompleted]) -> None:
    """Keep every score of these screenings, of each instrument once."""
    rows = [row for screening in screenings for row in _rows(screening)]
    await tx.execute(INSERT, *SCORES.arrays(rows))


def _rows(screening: ScreeningCompleted) -> Iterator[dict[str, Any]]:
    """The five instruments that are told with a safety item come from `scores`, all others from
    `results`."""
    told = {score.instrument for score in screening.scores}
    others = (result for result in screening.results if result.instrument not in told)
    subscores = {
        result.instrument: orjson.dumps(
            {one.subscale: one.total for one in result.subscores}
        ).decode()
        for result in screening.results
    }
    scores: list[Score | InstrumentScore] = [*screening.scores, *others]
    for score in scores:
        yield {
            "safety_item": None,
            **dict(screening),
            **dict(score),
            "answered_at": score.answered_at or screening.completed_at,
            "subscores": subscores.get(score.instrument),
        }
