"""Loading what a policy looks at, for many clients in one query."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import orjson

from services.outcomes.engagement.queries import OF_STAY
from services.outcomes.step_down.rules import Figures, LatestScore
from shared.calendar import day_at
from shared.database import Transaction

CASES = f"""
SELECT e.client_id, e.site_id, e.enrolment_id, e.level_of_care,
  coalesce(z.time_zone, 'UTC') AS time_zone, platform.records_of(e.client_id) AS records,
  g.weeks_observed, g.sessions_attended, g.sessions_missed, g.sessions_excused,
  g.consecutive_missed, r.state AS last_state, r.decided_at AS last_decided_at,
  (SELECT jsonb_object_agg(s.instrument, jsonb_build_object('total', s.total, 'status', s.status,
     'safety_item', s.safety_item, 'answered_at', s.answered_at))
   FROM (SELECT DISTINCT ON (instrument) instrument, total, status, safety_item,
           coalesce(answered_at, completed_at) AS answered_at
         FROM scores WHERE client_id = ANY (platform.records_of(e.client_id))
           AND coalesce(answered_at, completed_at) > former.ended_at
         ORDER BY instrument, coalesce(answered_at, completed_at) DESC, completed_at DESC,
           screening_id DESC) s) AS scores
FROM episodes e
CROSS JOIN LATERAL (
  SELECT coalesce(max(least(f.ended_at, e.enrolled_at)), '-infinity') AS ended_at FROM episodes f
  WHERE f.client_id = ANY (platform.records_of(e.client_id)) AND f.enrolment_id <> e.enrolment_id
    AND f.ended_at IS NOT NULL
) former
LEFT JOIN sites z ON z.site_id = e.site_id
LEFT JOIN engagement g ON {OF_STAY}
LEFT JOIN LATERAL (
  SELECT state, decided_at FROM recommendations WHERE enrolment_id = e.enrolment_id
  ORDER BY recommended_at DESC LIMIT 1
) r ON true
WHERE e.ended_at IS NULL AND e.client_id IN (
  SELECT unnest(platform.records_of(c.id)) FROM unnest($1::uuid[]) AS c (id)
)
ORDER BY e.client_id
"""  # noqa: S608 - the condition is a constant of engagement
"""Nothing of a former stay counts: figures are those of this one, and a score is of this one when
it was answered after the end of the former.

The latest score is the one answered last, whenever it was entered: a paper form may come late.
Scores and former stays are those of the person, whichever record they were entered for; of a former
stay that ended after this one began, only what came before this one is left out. The zone of a site
that is not known yet is UTC.
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
    today: date
    """At the site."""
    figures: Figures | None
    scores: dict[str, LatestScore]
    last_state: str | None
    """State of the episode's latest recommendation."""
    last_decided_on: date | None
    """At the site."""


async def load_cases(tx: Transaction, clients: Iterable[UUID]) -> list[Case]:
    """The cases of those clients who are in the program, by any record of the same person."""
    return [
        Case(
            client_id=row["client_id"],
            records=row["records"],
            site_id=row["site_id"],
            enrolment_id=row["enrolment_id"],
            level_of_care=row["level_of_care"],
            today=day_at(tx.now, row["time_zone"]),
            figures=None
            if row["weeks_observed"] is None
            else Figures(
                row["weeks_observed"],
                row["sessions_attended"],
                row["sessions_missed"],
                row["sessions_excused"],
                row["consecutive_missed"],
            ),
            scores=_scores(row["scores"], row["time_zone"]),
            last_state=row["last_state"],
            last_decided_on=row["last_decided_at"]
            and day_at(row["last_decided_at"], row["time_zone"]),
        )
        for row in await tx.fetch(CASES, list(clients))
    ]


def _scores(text: str | None, time_zone: str) -> dict[str, LatestScore]:
    return {
        instrument: LatestScore(
            total=score["total"],
            status=score["status"],
            safety_item=score["safety_item"],
            answered_on=day_at(datetime.fromisoformat(score["answered_at"]), time_zone),
        )
        for instrument, score in (orjson.loads(text) if text else {}).items()
    }
