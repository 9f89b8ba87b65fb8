"""Keeping what measures of programs are computed from: referrals, seats, attendance.

Told again, late or in another order it comes to the same: of a session the highest sequence counts,
of a referral or a seat the latest instant.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from shared.calendar import day_at
from shared.contracts.intake import ReferralReceived, ReferralStateChanged
from shared.contracts.scheduling import (
    AttendanceEvent,
    ClientPlaced,
    SessionAttended,
    SessionMissed,
    SessionNotHeld,
)
from shared.database import Columns, Transaction
from shared.messaging.consumer import Received

Outcome = Literal["attended", "missed", "excused", "not_counted"]


@dataclass(slots=True)
class Attendance:
    """What became of one client's seat in one session."""

    client_id: UUID
    session_id: UUID
    site_id: UUID
    enrolment_id: UUID | None
    starts_at: datetime
    held_on: date
    outcome: Outcome
    attended_minutes: int
    sequence: int


ATTENDANCE = Columns.like(Attendance, sequence="bigint")
KEEP_ATTENDANCE = ATTENDANCE.upsert(
    "program_attendance AS a",
    *("client_id", "session_id"),
    suffix="WHERE a.sequence < excluded.sequence",
)
SEATS = Columns.by_type(uuid="enrolment_id client_id site_id cohort_id", timestamptz="placed_at")
KEEP_SEATS = SEATS.upsert(
    "program_cohorts AS c", "enrolment_id", suffix="WHERE c.placed_at <= excluded.placed_at"
)
REFERRALS = Columns.by_type(
    uuid="referral_id client_id site_id", timestamptz="received_at", text="state"
)
KEEP_REFERRALS = REFERRALS.insert("program_referrals", "ON CONFLICT (referral_id) DO NOTHING")
CHANGES = Columns.of(referral_id="uuid", to_state="text", reason="text", changed_at="timestamptz")
CHANGE = f"""
UPDATE program_referrals r
SET state = given.to_state, reason = given.reason, changed_at = given.changed_at
FROM {CHANGES.rows}
WHERE r.referral_id = given.referral_id
  AND (r.changed_at IS NULL OR r.changed_at <= given.changed_at)
"""  # noqa: S608 - the columns are above


async def keep_attendance(
    tx: Transaction,
    received: Iterable[Received[SessionAttended] | Received[SessionMissed]]
    | Iterable[Received[SessionNotHeld]],
) -> None:
    """Keep what became of seats."""
    latest: dict[tuple[UUID, UUID], Attendance] = {}
    for one in received:
        made = _attendance(one.event, one.sequence or 0)
        known = latest.get((made.client_id, made.session_id))
        if known is None or known.sequence < made.sequence:
            latest[made.client_id, made.session_id] = made
    await tx.write(KEEP_ATTENDANCE, *ATTENDANCE.arrays(latest.values()))


async def keep_seats(tx: Transaction, placed: Sequence[ClientPlaced]) -> None:
    """Keep in which cohort each stay has its seat."""
    latest: dict[UUID, ClientPlaced] = {}
    for one in sorted(placed, key=lambda one: one.placed_at):
        latest[one.enrolment_id] = one
    await tx.execute(KEEP_SEATS, *SEATS.arrays(latest.values()))


async def keep_referrals(tx: Transaction, received: Sequence[ReferralReceived]) -> None:
    """Keep new referrals."""
    rows = {one.referral_id: {**dict(one), "state": "received"} for one in received}
    await tx.execute(KEEP_REFERRALS, *REFERRALS.arrays(rows.values()))


async def change_referrals(tx: Transaction, changed: Sequence[ReferralStateChanged]) -> None:
    """Note how far referrals have come."""
    in_order = sorted(changed, key=lambda one: one.changed_at)
    latest = {one.referral_id: one for one in in_order}
    await tx.execute(CHANGE, *CHANGES.arrays(latest.values()))


def _attendance(event: AttendanceEvent | SessionNotHeld, sequence: int) -> Attendance:
    outcome: Outcome = "not_counted"
    if isinstance(event, SessionAttended):
        outcome = "attended"
    elif isinstance(event, SessionMissed) and not event.on_hold:
        outcome = "excused" if event.excused else "missed"
    return Attendance(
        event.client_id,
        event.session_id,
        event.site_id,
        event.enrolment_id,
        event.starts_at,
        day_at(event.starts_at, event.time_zone),
        outcome,
        event.attended_minutes if isinstance(event, SessionAttended) else 0,
        sequence,
    )
