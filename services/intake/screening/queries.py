"""Screenings as they are read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg
import orjson

from services.intake.dual_diagnosis.queries import OTHERS
from services.intake.dual_diagnosis.standing import Standing, standing_of
from services.intake.referrals.queries import lock_client, page_of_client
from services.intake.referrals.rules import moves
from services.intake.screening.rules import Sex
from services.intake.screening.schemas import (
    GivenResponse,
    InstrumentResult,
    Screening,
    ScreeningInFull,
)
from shared.database import Transaction
from shared.errors import found
from shared.web import Page, Paging

OF_CLIENT = """
SELECT s.id, s.client_id, s.site_id, s.occasion, s.completed_at,
  array_agg(r.result::text ORDER BY r.instrument) AS results
FROM screenings s JOIN responses r ON r.screening_id = s.id
WHERE s.client_id = ANY (platform.records_of($1)) AND s.id > $2
GROUP BY s.id ORDER BY s.id LIMIT $3
"""
ONE = """
SELECT s.id, s.client_id, s.site_id, s.occasion, s.completed_at, s.entered_by, r.instrument,
  r.instrument_version, r.language, r.mode, r.answered_at, r.answers, r.result
FROM screenings s JOIN responses r ON r.screening_id = s.id
WHERE s.client_id = ANY (platform.records_of($1)) AND s.id = $2 ORDER BY r.instrument
"""
INTAKE_SCREENS = """
SELECT DISTINCT ON (r.instrument) r.instrument, (r.result->>'positive')::boolean AS positive,
  s.id, s.completed_at, coalesce(s.entry, 0) AS entry
FROM screenings s JOIN responses r ON r.screening_id = s.id
WHERE s.client_id = ANY (platform.records_of($1)) AND s.occasion = 'intake'
  AND r.answered_at > coalesce(
    (SELECT max(ended_at) FROM enrolments WHERE client_id = ANY (platform.records_of($1))),
    '-infinity')
ORDER BY r.instrument, r.answered_at DESC, s.completed_at DESC, s.entry DESC NULLS LAST
"""
"""By when the client answered, as a paper form may be entered after newer answers."""
RATINGS = """
SELECT r.answered_at, (r.result->>'scaled')::integer AS scaled
FROM screenings s JOIN responses r ON r.screening_id = s.id
WHERE s.client_id = ANY (platform.records_of($1)) AND r.instrument = ANY ($2::text[])
  AND r.result->>'scaled' IS NOT NULL AND r.answered_at >= $3 AND r.answered_at < $4
"""
BEFORE = f"""
SELECT c.site_id, c.birth_date, c.sex_at_birth, c.merged_into IS NOT NULL AS merged,
  EXISTS (SELECT FROM enrolments WHERE client_id = ANY (platform.records_of($1))
    AND ended_at IS NULL) AS in_program,
  EXISTS (SELECT FROM referrals WHERE id = open_referral_of($1)
    AND (first_screened_on IS NULL OR state = ANY ($2::text[]))) AS advances,
  d.status, d.needs, d.screens, d.diagnoses, d.changed_at, d.version,
  {OTHERS}
FROM clients c LEFT JOIN dual_diagnoses d ON d.client_id = c.id
WHERE c.id = $1
"""  # noqa: S608 - constants only
OPEN_STAY = """
SELECT id FROM enrolments WHERE client_id = ANY (platform.records_of($1)) AND ended_at IS NULL
ORDER BY id LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class IntakeScreens:
    """What a client's answers since the last stay say, however many sittings they took."""

    latest_id: UUID
    """The latest sitting."""
    positive: dict[str, bool | None]
    """The latest outcome of every instrument answered; None where the answers leave it open."""


@dataclass(frozen=True, slots=True)
class Before:
    """What a screening finds."""

    site_id: UUID
    birth_date: date
    sex_at_birth: Sex
    merged: bool
    in_program: bool
    advances: bool
    """A screening at intake brings the client's open referral forward."""
    dual_diagnosis: Standing


async def before(tx: Transaction, client_id: UUID) -> Before:
    """A client as a screening finds them, locked as by `lock_client`.

    Raises:
        NotFound: no such client.
    """
    await lock_client(tx, client_id)
    row = found(await tx.fetchrow(BEFORE, client_id, list(moves("screened"))), "client")
    known = {name: row[name] for name in Before.__slots__ if name != "dual_diagnosis"}
    return Before(**known, dual_diagnosis=standing_of(row))


async def list_screenings(tx: Transaction, client_id: UUID, paging: Paging) -> Page[Screening]:
    """A client's screenings, oldest first.

    Raises:
        NotFound: no such client.
    """
    return await page_of_client(tx, OF_CLIENT, client_id, paging, _screening)


async def show_screening(tx: Transaction, client_id: UUID, screening_id: UUID) -> ScreeningInFull:
    """One screening with every answer.

    Raises:
        NotFound: none of that client that the caller may see.
    """
    rows = await tx.fetch(ONE, client_id, screening_id)
    return ScreeningInFull.from_row(
        {
            **found(rows or None, "screening")[0],
            "results": [InstrumentResult.model_validate_json(row["result"]) for row in rows],
            "responses": [
                GivenResponse.from_row({**row, "answers": orjson.loads(row["answers"])})
                for row in rows
            ],
        }
    )


async def intake_screens(tx: Transaction, client_id: UUID) -> IntakeScreens | None:
    """What a level-of-care decision rests on; None before the first screening of this intake."""
    rows = await tx.fetch(INTAKE_SCREENS, client_id)
    if not rows:
        return None
    latest = max(rows, key=lambda row: (row["completed_at"], row["entry"]))
    return IntakeScreens(latest["id"], {row["instrument"]: row["positive"] for row in rows})


async def ratings(
    tx: Transaction, client_id: UUID, instruments: Sequence[str], since: datetime, until: datetime
) -> list[tuple[datetime, int]]:
    """A client's totals on the scale that these instruments share, and when they were answered."""
    rows = await tx.fetch(RATINGS, client_id, list(instruments), since, until)
    return [(row["answered_at"], row["scaled"]) for row in rows]


async def open_stay(tx: Transaction, client_id: UUID) -> UUID | None:
    """The stay that goes on, with which the intake is over."""
    found: UUID | None = await tx.fetchval(OPEN_STAY, client_id)
    return found


def _screening(row: asyncpg.Record) -> Screening:
    results = [InstrumentResult.model_validate_json(text) for text in row["results"]]
    return Screening.from_row({**row, "results": results})
