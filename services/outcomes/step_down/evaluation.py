"""Loading what a policy looks at, for many clients in one query."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from services.outcomes.step_down.rules import Figures, LatestScore
from shared.database import Transaction

CASES = """
SELECT e.client_id, e.site_id, e.enrolment_id, e.level_of_care,
  least(g.weeks_observed, 1 + floor(extract(epoch FROM g.window_until - e.enrolled_at)
    / extract(epoch FROM interval '7 days'))::integer) AS weeks_observed,
  g.sessions_attended, g.sessions_missed, g.sessions_excused, g.consecutive_missed,
  platform.records_of(e.client_id) AS records,
  r.state AS last_state, r.decided_at AS last_decided_at,
  (SELECT jsonb_object_agg(s.instrument, jsonb_build_object('total', s.total, 'status', s.status,
     'safety_item', s.safety_item, 'answered_at', s.answered_at))
   FROM (SELECT DISTINCT ON (instrument) instrument, total, status, safety_item,
           coalesce(answered_at, completed_at) AS answered_at
         FROM scores WHERE client_id = ANY (platform.records_of(e.client_id))
         ORDER BY instrument, coalesce(answered_at, completed_at) DESC, completed_at DESC,
           screening_id DESC) s) AS scores
FROM episodes e
LEFT JOIN engagement g ON g.client_id = e.client_id AND g.source_sequence > 0
  AND g.window_until >= e.enrolled_at
LEFT JOIN LATERAL (
  SELECT state, decided_at FROM recommendations WHERE enrolment_id = e.enrolment_id
  ORDER BY recommended_at DESC LIMIT 1
) r ON true
WHERE e.ended_at IS NULL AND e.client_id IN (
  SELECT unnest(platform.records_of(c.id)) FROM unnest($1::uuid[]) AS c (id)
)
ORDER BY e.client_id
"""
"""Weeks before this stay do not count: who comes back is observed anew.

The latest score is the one answered last, whenever it was entered: a paper form may come late.
Scores are those of the person, whichever record they were entered for; figures are of the stay.
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A client in the program, as a step-down policy sees them."""

    client_id: UUID
    records: Sequence[UUID]
    """All records of the person."""
    site_id: UUID
    enrolment_id: UUID
    level_of_care: str
    figures: Figures | None
    scores: dict[str, LatestScore]
    last_state: str | None
    """State of the episode's latest recommendation."""
    last_decided_at: datetime | None


async def load_cases(tx: Transaction, clients: Iterable[UUID]) -> list[Case]:
    """The cases of those clients who are in the program, by any record of the same person."""
    return [
        Case(
            client_id=row["client_id"],
            records=row["records"],
            site_id=row["site_id"],
            enrolment_id=row["enrolment_id"],
            level_of_care=row["level_of_care"],
            figures=None
            if row["weeks_observed"] is None
            else Figures(
                row["weeks_observed"],
                row["sessions_attended"],
                row["sessions_missed"],
                row["sessions_excused"],
                row["consecutive_missed"],
            ),
            scores=_scores(row["scores"]),
            last_state=row["last_state"],
            last_decided_at=row["last_decided_at"],
        )
        for row in await tx.fetch(CASES, list(clients))
    ]


def _scores(text: str | None) -> dict[str, LatestScore]:
    return {
        instrument: LatestScore(
            total=score["total"],
            status=score["status"],
            safety_item=score["safety_item"],
            answered_at=datetime.fromisoformat(score["answered_at"]),
        )
        for instrument, score in (orjson.loads(text) if text else {}).items()
    }
