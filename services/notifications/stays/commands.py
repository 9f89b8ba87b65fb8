"""Stays, as intake tells of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.notifications.stays.rules import Standing
from shared.database import Transaction

ENTER = """
INSERT INTO stays (enrolment_id, client_id, site_id, standing, changed_at)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[])
ON CONFLICT (enrolment_id) DO UPDATE SET
  standing = excluded.standing, changed_at = excluded.changed_at
WHERE stays.standing <> 'over'
"""


@dataclass(frozen=True, slots=True)
class Stay:
    """A stay and where it stands since `changed_at`."""

    enrolment_id: UUID
    client_id: UUID
    site_id: UUID
    standing: Standing
    changed_at: datetime


async def enter_stays(tx: Transaction, told: Iterable[Stay]) -> None:
    """Keep where stays stand; what is told of one last counts, and what is over stays over."""
    latest: dict[UUID, Stay] = {}
    for stay in told:
        known = latest.get(stay.enrolment_id)
        if known is None or known.standing != "over":
            latest[stay.enrolment_id] = stay
    kept = [latest[key] for key in sorted(latest)]
    await tx.execute(
        ENTER,
        [stay.enrolment_id for stay in kept],
        [stay.client_id for stay in kept],
        [stay.site_id for stay in kept],
        [stay.standing for stay in kept],
        [stay.changed_at for stay in kept],
    )
