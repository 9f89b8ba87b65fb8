"""Screenings as they are read."""

from uuid import UUID

from services.intake.screening.schemas import InstrumentResult, Screening
from shared.database import Transaction
from shared.web import Page, Paging, page_of

SELECT = """
SELECT s.id, s.client_id, s.site_id, s.occasion, s.completed_at,
  array_agg(r.result::text ORDER BY r.instrument) AS results
FROM screenings s JOIN responses r ON r.screening_id = s.id
"""
OF_CLIENT = f"{SELECT} WHERE s.client_id = $1 AND s.id > $2 GROUP BY s.id ORDER BY s.id LIMIT $3"
LATEST_INTAKE = f"""
{SELECT} WHERE s.client_id = $1 AND s.occasion = 'intake'
GROUP BY s.id ORDER BY s.completed_at DESC, s.id DESC LIMIT 1
"""


async def list_screenings(tx: Transaction, client_id: UUID, paging: Paging) -> Page[Screening]:
    """A client's screenings, oldest first."""
    rows = await tx.fetch(OF_CLIENT, client_id, paging.after, paging.limit + 1)
    return page_of([_screening(row) for row in rows], paging.limit)


async def latest_intake_screening(tx: Transaction, client_id: UUID) -> Screening | None:
    """The screening that a level-of-care decision rests on."""
    row = await tx.fetchrow(LATEST_INTAKE, client_id)
    return None if row is None else _screening(row)


def _screening(row: object) -> Screening:
    values = dict(row)  # type: ignore[call-overload]  # a record is a mapping
    results = [InstrumentResult.model_validate_json(text) for text in values.pop("results")]
    return Screening(**values, results=results)
