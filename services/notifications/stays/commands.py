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


OPEN: tuple[Standing, ...] = ("in_program", "on_hold")
STAYS = Columns.like(Stay)
ENTER = f"""
INSERT INTO stays ({STAYS.names}) SELECT * FROM {STAYS.rows}
ON CONFLICT (enrolment_id) DO UPDATE SET
  standing = excluded.standing, changed_at = excluded.changed_at
WHERE stays.standing NOT IN ('over', 'gone') OR excluded.standing = 'gone'
"""  # noqa: S608 - the columns are above


async def enter_stays(tx: Transaction, told: Iterable[Stay]) -> None:
    """Keep where stays stand; what is told of one last counts, and what is over stays over, but for
    the news that its client died."""
    latest: dict[UUID, Stay] = {}
    for stay in told:
        known = latest.get(stay.enrolment_id)
        if known is None or known.standing in OPEN or stay.standing == "gone":
            latest[stay.enrolment_id] = stay
    await tx.execute(ENTER, *STAYS.arrays(latest[key] for key in sorted(latest)))
