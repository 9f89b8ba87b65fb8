"""Follow-ups as they are read."""

from typing import Any
from uuid import UUID

import orjson

from services.outcomes.episodes.schemas import Whose
from services.outcomes.follow_up.policy import survey
from services.outcomes.follow_up.schemas import FollowUp, OwnFollowUp, State
from shared.database import Transaction
from shared.errors import found
from shared.web import Page, Paging, page

RETURNED = """
(f.state IN ('planned', 'due', 'lost') AND EXISTS (
  SELECT FROM episodes e WHERE e.client_id = ANY (platform.records_of(f.client_id))
    AND e.enrolment_id <> f.enrolment_id AND e.enrolled_at >= f.ended_at
    AND e.enrolled_at < f.closes_at
))
"""
"""Whether the person, by any record, entered the program again before the survey was over. It is
not kept but found, so that it holds in whatever order it was told, and while a merge lasts."""
STATE = f"CASE WHEN {RETURNED} THEN 'returned' ELSE f.state END"
SHOWN = f"SELECT f.*, {STATE} AS shown FROM follow_ups f"  # noqa: S608 - constants only
OF_SHOWN = ", ".join(
    "shown AS state" if name == "state" else name for name in FollowUp.model_fields
)
SELECT = f"SELECT {OF_SHOWN} FROM ({SHOWN}) AS f"  # noqa: S608 - constants only
OF_LINK = f"""
SELECT f.id, ARRAY[f.site_id] AS sites FROM follow_ups f
WHERE f.link_hash = $1 AND f.state = 'due' AND f.closes_at > $2 AND NOT {RETURNED}
"""  # noqa: S608 - a constant
"""What a link opens, by the digest of its secret, at an instant."""


async def show_follow_up(tx: Transaction, follow_up_id: UUID, *, lock: bool = False) -> FollowUp:
    """One follow-up.

    Raises:
        NotFound: when there is none that the caller may see.
    """
    if lock:
        await tx.execute("SELECT FROM follow_ups WHERE id = $1 FOR UPDATE", follow_up_id)
    statement = f"{SELECT} WHERE id = $1"
    return _read(found(await tx.fetchrow(statement, follow_up_id), "follow-up"))


async def list_follow_ups(
    tx: Transaction, paging: Paging, of: Whose, state: State | None
) -> Page[FollowUp]:
    """Follow-ups, in the order in which they were planned."""
    return await page(tx, SELECT, paging, _read, *of.asked, ("shown = ?", state))


async def show_own(tx: Transaction, follow_up_id: UUID) -> OwnFollowUp:
    """One survey as the client sees it."""
    known = await show_follow_up(tx, follow_up_id)
    return OwnFollowUp(
        client_id=known.client_id,
        site_id=known.site_id,
        state=known.state,
        questions=list(survey(known.site_id).questions) if known.state == "due" else [],
    )


def _read(row: Any) -> FollowUp:
    answers = orjson.loads(row["answers"]) if row["answers"] else None
    return FollowUp(**{**dict(row), "answers": answers})
