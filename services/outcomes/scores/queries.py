"""Scores as they are read."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import orjson

from services.outcomes.scores.schemas import Score
from shared.database import Transaction

OF_CLIENT = """
SELECT instrument, instrument_version, screening_id, completed_at,
  coalesce(answered_at, completed_at) AS answered_at, status, total, band, positive, safety_item
FROM scores WHERE client_id = ANY (platform.records_of($1))
ORDER BY instrument, coalesce(answered_at, completed_at), completed_at, screening_id
"""
OF_STAYS = """
SELECT e.enrolment_id, s.screening_id, s.instrument, s.instrument_version,
  (coalesce(s.answered_at, s.completed_at) AT TIME ZONE coalesce(z.time_zone, 'UTC'))::date,
  s.status = 'prorated', s.total, s.band, coalesce(s.subscores, '{}')
FROM episodes e
CROSS JOIN LATERAL (SELECT platform.records_of(e.client_id) AS records OFFSET 0) person
CROSS JOIN LATERAL (
  SELECT coalesce(max(least(f.ended_at, e.enrolled_at)), '-infinity') AS ended_at FROM episodes f
  WHERE f.client_id = ANY (person.records) AND f.enrolment_id <> e.enrolment_id
    AND f.ended_at IS NOT NULL AND f.enrolled_at <= e.enrolled_at
) former
LEFT JOIN sites z ON z.site_id = e.site_id
JOIN scores s ON s.client_id = ANY (person.records)
  AND coalesce(s.answered_at, s.completed_at) > former.ended_at
  AND (e.ended_at IS NULL OR coalesce(s.answered_at, s.completed_at)
    < (date_trunc('day', e.ended_at AT TIME ZONE coalesce(z.time_zone, 'UTC')) + interval '1 day')
      AT TIME ZONE coalesce(z.time_zone, 'UTC'))
WHERE e.enrolment_id = ANY ($1) AND ($2::text IS NULL OR s.instrument = $2)
ORDER BY e.enrolment_id, s.instrument, coalesce(s.answered_at, s.completed_at), s.completed_at,
  s.screening_id
"""
"""A score is of a stay when it was answered after the end of the former one, as for step-down, and
on the last day of this one at the latest. Those of all records of the person count."""


@dataclass(frozen=True, slots=True)
class StayScore:
    """A score of a stay."""

    enrolment_id: UUID
    screening_id: UUID
    instrument: str
    instrument_version: str
    answered_on: date
    """At the site."""
    prorated: bool
    total: int | None
    band: str | None
    subscores: dict[str, int | None]


async def scores_of_stays(
    tx: Transaction, stays: Iterable[UUID], instrument: str | None = None
) -> list[StayScore]:
    """The scores of stays by instrument, or of one; those answered first before the others."""
    return [
        StayScore(*[*row, orjson.loads(subscores)])
        for *row, subscores in await tx.fetch(OF_STAYS, list(stays), instrument)
    ]


async def scores_of(tx: Transaction, client_id: UUID) -> list[Score]:
    """A person's scores by instrument, those answered first before the others."""
    return [Score(**dict(row)) for row in await tx.fetch(OF_CLIENT, client_id)]
