"""Stays, as intake tells of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.notifications.stays.rules import Standing
from shared.database import Columns, Transaction


@dataclass(frozen=True, slots=True)
class Stay:
    """A stay and where it stands since `changed_at`."""

    enrolment_id: UUID
    client_id: UUID
    site_id: UUID
    standing: Standing
    changed_at: datetime


STAYS = Columns.like(Stay)
ENTER = f"""
INSERT INTO stays ({STAYS.names}) SELECT * FROM {STAYS.rows}
ON CONFLICT (enrolment_id) DO UPDATE SET
  standing = excluded.standing, changed_at = excluded.changed_at
WHERE stays.standing <> 'over'
"""  # noqa: S608 - the columns are above


async def enter_stays(tx: Transaction, told: Iterable[Stay]) -> None:
    """Keep where stays stand; what is told of one last counts, and what is over stays over."""
    latest: dict[UUID, Stay] = {}
    for stay in told:
        known = latest.get(stay.enrolment_id)
        if known is None or known.standing != "over":
            latest[stay.enrolment_id] = stay
    await tx.execute(ENTER, *STAYS.arrays(latest[key] for key in sorted(latest)))
