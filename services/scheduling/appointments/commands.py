"""Expecting clients at sessions, and expecting them no longer; one event a client and session.

Who is expected is booked: a client who has another session at the time is not expected twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.contracts.scheduling import EndedAs, SessionCancelled, SessionScheduled
from shared.database import Transaction
from shared.messaging.consumer import Received
from shared.messaging.outbox import publish

SCHEDULE = """
WITH seats AS (
  SELECT * FROM unnest($2::uuid[], $3::uuid[], $4::uuid[]) AS p(placement_id, client_id, cohort_id)
), made AS (
  INSERT INTO appointments AS a
    (session_id, client_id, site_id, placement_id, state, scheduled_at, on_hold)
  SELECT s.id, seats.client_id, s.site_id, seats.placement_id, 'scheduled', $1,
    EXISTS (SELECT FROM holds h WHERE h.enrolment_id = p.enrolment_id)
  FROM seats
  JOIN placements p ON p.id = seats.placement_id
  JOIN sessions s ON s.cohort_id = seats.cohort_id AND s.starts_at > $1 AND s.not_held_at IS NULL
    AND (s.phases IS NULL OR p.phase = ANY (s.phases))
  WHERE NOT EXISTS (SELECT FROM bookings b WHERE b.resource_id = seats.client_id
    AND b.during && tstzrange(s.starts_at, s.ends_at) AND b.session_id <> s.id)
  ON CONFLICT (session_id, client_id) DO UPDATE SET
    placement_id = excluded.placement_id, state = 'scheduled',
    scheduled_at = excluded.scheduled_at, cancelled_at = NULL, on_hold = excluded.on_hold
  WHERE a.state = 'cancelled'
  RETURNING session_id, client_id, placement_id
), booked AS (
  INSERT INTO bookings (session_id, resource_id, kind, site_id, during)
  SELECT s.id, made.client_id, 'client', s.site_id, tstzrange(s.starts_at, s.ends_at)
  FROM made JOIN sessions s ON s.id = made.session_id
)
SELECT made.client_id, made.placement_id, p.enrolment_id, s.id AS session_id, s.site_id,
  s.cohort_id, s.kind, s.starts_at, s.ends_at, s.break_minutes, s.time_zone
FROM made
JOIN sessions s ON s.id = made.session_id
JOIN placements p ON p.id = made.placement_id
ORDER BY s.starts_at, s.id
"""

LOCK = """
SELECT FROM appointments WHERE placement_id = ANY ($1::uuid[]) AND state = 'scheduled'
ORDER BY session_id, client_id FOR UPDATE
"""
CANCEL = """
WITH cancelled AS (
UPDATE appointments a SET state = 'cancelled', cancelled_at = $1
FROM sessions s, placements p
WHERE a.placement_id = ANY ($2::uuid[]) AND p.id = a.placement_id AND a.state = 'scheduled'
  AND s.id = a.session_id AND s.starts_at > $1 AND s.not_held_at IS NULL
  AND NOT EXISTS (SELECT FROM attendance r
                  WHERE r.session_id = a.session_id AND r.client_id = a.client_id)
RETURNING a.client_id, a.placement_id, a.site_id, a.session_id, s.starts_at,
  coalesce(s.cohort_id, p.cohort_id) AS cohort_id, s.cohort_id IS NULL AS own
), freed AS (
  DELETE FROM bookings b USING cancelled c
  WHERE b.session_id = c.session_id AND b.resource_id = c.client_id
)
SELECT * FROM cancelled
"""
LEFT_EMPTY = """
WITH empty AS (
  UPDATE sessions s SET not_held_at = $1, not_held_reason = 'too_few', version = version + 1
  WHERE s.id = ANY ($2::uuid[]) AND s.not_held_at IS NULL
    AND NOT EXISTS (SELECT FROM appointments a WHERE a.session_id = s.id AND a.state = 'scheduled')
  RETURNING s.id
)
DELETE FROM bookings b USING empty e WHERE b.session_id = e.id
"""


EXPECTED = """
SELECT a.client_id, p.enrolment_id, s.id AS session_id, s.site_id,
  coalesce(s.cohort_id, p.cohort_id) AS cohort_id, s.kind, s.starts_at, s.ends_at, s.break_minutes,
  s.time_zone
FROM appointments a
JOIN sessions s ON s.id = a.session_id
JOIN placements p ON p.id = a.placement_id
WHERE a.session_id = ANY ($1::uuid[]) AND a.state = 'scheduled'
ORDER BY s.starts_at, s.id, a.client_id
"""


@dataclass(frozen=True, slots=True)
class Seat:
    """A placed client. `cause` is the event that led to the change, if one did."""

    placement_id: UUID
    client_id: UUID
    cohort_id: UUID
    cause: Received[Any] | None = None


async def schedule_sessions(tx: Transaction, seats: Sequence[Seat]) -> None:
    """Expect these clients at every session of their phase of the cohort that is to come and to be
    held.

    Publishes SessionScheduled for each appointment made; those that exist stay as they are.
    """
    rows = await tx.fetch(
        SCHEDULE,
        tx.now,
        [seat.placement_id for seat in seats],
        [seat.client_id for seat in seats],
        [seat.cohort_id for seat in seats],
    )
    causes = {seat.placement_id: seat.cause for seat in seats}
    for row in rows:
        event = SessionScheduled(**row)
        publish(tx, event, cause=causes[row["placement_id"]])


async def tell_moved(tx: Transaction, before: Mapping[UUID, datetime]) -> None:
    """Publish SessionScheduled anew for each client expected at sessions that moved; `before` is
    where each began."""
    for row in await tx.fetch(EXPECTED, list(before)):
        publish(tx, SessionScheduled(**row, moved_from=before[row["session_id"]]))


async def cancel_sessions(
    tx: Transaction, seats: Sequence[Seat], ended_as: Mapping[UUID, EndedAs]
) -> None:
    """Expect these clients no longer at sessions that have not started; `ended_as` says, for each
    placement, as what the stay ended.

    Publishes SessionCancelled for each; what has started, or has its attendance recorded while this
    transaction waited, keeps its appointment. A session of their own at which nobody is
    expected any more is not held: its room and its therapist are free.
    """
    await tx.execute(LOCK, [seat.placement_id for seat in seats])
    rows = await tx.fetch(CANCEL, tx.now, [seat.placement_id for seat in seats])
    if own := [row["session_id"] for row in rows if row["own"]]:
        await tx.execute(LEFT_EMPTY, tx.now, own)
    causes = {seat.placement_id: seat.cause for seat in seats}
    for row in sorted(rows, key=lambda row: (row["starts_at"], row["session_id"])):
        event = SessionCancelled(
            **row,
            reason="stepped_down",
            ended_as=ended_as[row["placement_id"]],
            cancelled_at=tx.now,
        )
        publish(tx, event, cause=causes[row["placement_id"]])
