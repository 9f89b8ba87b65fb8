"""Recording who came, and correcting it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from services.scheduling.attendance.queries import show_attendance
from services.scheduling.attendance.rules import (
    Meeting,
    Report,
    Unacceptable,
    credited_minutes,
    is_excused,
    require_acceptable,
)
from services.scheduling.attendance.schemas import (
    Attendance,
    Correction,
    NewAttendance,
    NewRoll,
    Roll,
)
from services.scheduling.hours.policy import session_kinds
from services.scheduling.sessions.cancelling import SessionNotHeld
from shared.contracts.scheduling import SessionAttended, SessionMissed
from shared.database import Columns, Transaction
from shared.errors import Conflict, Invalid, NotFound, found, require_version
from shared.ids import new_id
from shared.messaging.consumer import Received
from shared.messaging.outbox import publish

LOAD = """
SELECT s.id AS session_id, s.site_id, coalesce(s.cohort_id, a.cohort_id) AS cohort_id, s.kind,
  s.starts_at, s.ends_at, s.break_minutes, s.time_zone, s.not_held_at, a.client_id, a.on_hold,
  a.enrolment_id,
  EXISTS (SELECT FROM attendance r WHERE r.session_id = $1 AND r.client_id = a.client_id) AS known
FROM sessions s
LEFT JOIN (
  SELECT e.client_id, e.on_hold, p.enrolment_id, p.cohort_id
  FROM appointments e JOIN placements p ON p.id = e.placement_id
  WHERE e.session_id = $1 AND e.client_id = ANY ($2::uuid[]) AND e.state = 'scheduled'
  FOR SHARE OF e
) a ON true
WHERE s.id = $1 FOR SHARE OF s
"""
"""Locked, so that neither the session nor an appointment is cancelled, and no hold begins or ends,
while it is recorded what became of it. Who records the same at the same time violates
`attendance_once`, and finds it `known` at the next attempt."""
ROWS = Columns.of(
    id="uuid",
    session_id="uuid",
    client_id="uuid",
    site_id="uuid",
    status="text",
    checked_in_at="timestamptz",
    checked_out_at="timestamptz",
    attended_minutes="integer",
    recorded_at="timestamptz",
)
INSERT = f"INSERT INTO attendance ({ROWS.names}) SELECT * FROM {ROWS.rows}"  # noqa: S608 - the columns are above
RECORDED = """
SELECT r.id, r.session_id, r.client_id, r.version, r.status, r.checked_in_at, r.checked_out_at,
  r.attended_minutes, s.site_id, coalesce(s.cohort_id, p.cohort_id) AS cohort_id, s.kind,
  s.starts_at, s.ends_at, s.break_minutes, s.time_zone, s.not_held_at, a.on_hold, p.enrolment_id
FROM attendance r
JOIN sessions s ON s.id = r.session_id
JOIN appointments a ON a.session_id = r.session_id AND a.client_id = r.client_id
JOIN placements p ON p.id = a.placement_id
"""
LOCK = f"{RECORDED} WHERE r.id = $1 FOR UPDATE OF r FOR SHARE OF s, a"
MISSES = f"""
{RECORDED} JOIN unnest($1::uuid[], $2::uuid[]) AS k(session_id, client_id)
  ON k.session_id = r.session_id AND k.client_id = r.client_id
WHERE r.status NOT IN ('present', 'partial') AND s.not_held_at IS NULL
ORDER BY s.starts_at, s.id
"""
CORRECT = """
UPDATE attendance SET status = $2, checked_in_at = $3, checked_out_at = $4,
  attended_minutes = $5, corrected_at = $6, version = version + 1
WHERE id = $1
"""


class SessionNotStarted(Conflict):
    """Attendance is recorded from the start of the session on."""

    title = "The session has not started"


class ClientNotPlaced(Conflict):
    """The client is not expected at this session."""

    title = "The client is not expected at this session"


class AlreadyRecorded(Conflict):
    """Attendance is recorded once and corrected afterwards."""

    title = "Attendance is recorded already"


class ClientTwice(Invalid):
    """One client is in the list more than once."""

    title = "A client is listed twice"


class ImpossibleAttendance(Invalid):
    """The instants do not go with the status or the session."""


async def record_attendance(tx: Transaction, session_id: UUID, new: NewAttendance) -> Attendance:
    """Record what became of one client's seat; publishes SessionAttended or SessionMissed.

    Raises:
        NotFound: when there is no such session that the caller may see.
        SessionNotHeld, SessionNotStarted, ClientNotPlaced, AlreadyRecorded, ImpossibleAttendance:
            see there.
    """
    (recorded,) = await _record(tx, session_id, [new], [""])
    return recorded


async def record_roll(tx: Transaction, session_id: UUID, new: NewRoll) -> Roll:
    """Record the attendance of several clients, all or nothing; publishes one event a client.

    Raises:
        ClientTwice: when a client is listed twice; and what `record_attendance` raises, with a
            pointer to the entry.
    """
    seen: set[UUID] = set()
    for index, entry in enumerate(new.entries):
        if entry.client_id in seen:
            raise ClientTwice("This client is listed above.", pointer=f"/entries/{index}/client_id")
        seen.add(entry.client_id)
    places = [f"/entries/{index}" for index in range(len(new.entries))]
    return Roll(session_id=session_id, recorded=await _record(tx, session_id, new.entries, places))


async def correct_attendance(
    tx: Transaction, attendance_id: UUID, expected_version: int, correction: Correction
) -> Attendance:
    """Replace what was recorded; publishes SessionAttended or SessionMissed anew.

    Raises:
        NotFound: when there is no such attendance that the caller may see.
        StaleVersion: when somebody else corrected it meanwhile.
        SessionNotHeld, ImpossibleAttendance: see there.
    """
    session = found(await tx.fetchrow(LOCK, attendance_id), "attendance")
    require_version(session["version"], expected_version)
    _require_held(session)
    report = correction.report
    minutes = _credited(report, _meeting(session), tx, "")
    await tx.execute(
        CORRECT,
        attendance_id,
        report.status,
        report.checked_in_at,
        report.checked_out_at,
        minutes,
        tx.now,
    )
    _publish(tx, session, report, minutes)
    return await show_attendance(tx, attendance_id)


async def tell_misses_again(
    tx: Transaction, told: Sequence[tuple[UUID, UUID]], cause: Received[Any]
) -> None:
    """Publish SessionMissed once more for misses, by session and client, of which it was told
    wrongly whether they were on hold."""
    rows = await tx.fetch(MISSES, [session for session, _ in told], [client for _, client in told])
    for row in rows:
        _publish(tx, row, Report(row["status"]), 0, cause)


async def _record(
    tx: Transaction, session_id: UUID, entries: Sequence[NewAttendance], places: Sequence[str]
) -> list[Attendance]:
    """Record entries of different clients; `places` are their pointers in the request."""
    clients = [entry.client_id for entry in entries]
    rows = await tx.fetch(LOAD, session_id, clients)
    if not rows:
        raise NotFound("There is no such session.")
    session = rows[0]
    _require_held(session)
    if session["starts_at"] > tx.now:
        raise SessionNotStarted("Attendance can be recorded once the session has started.")
    expected = {row["client_id"]: row for row in rows}
    meeting = _meeting(session)
    minutes = []
    for entry, place in zip(entries, places, strict=True):
        if entry.client_id not in expected:
            raise ClientNotPlaced(
                "This client is not expected at this session.", pointer=f"{place}/client_id"
            )
        minutes.append(_credited(entry.report, meeting, tx, place))
    for entry, place in zip(entries, places, strict=True):
        if expected[entry.client_id]["known"]:
            raise AlreadyRecorded(
                "Correct the recorded attendance instead.", pointer=f"{place}/client_id"
            )
    recorded = [
        Attendance(
            id=new_id(),
            session_id=session_id,
            site_id=session["site_id"],
            **entry.model_dump(),
            attended_minutes=credited,
            scheduled_minutes=meeting.scheduled_minutes,
            recorded_at=tx.now,
            corrected_at=None,
            counted=entry.report.attended or not expected[entry.client_id]["on_hold"],
            version=1,
        )
        for entry, credited in zip(entries, minutes, strict=True)
    ]
    await tx.execute(INSERT, *ROWS.arrays(recorded))
    for entry, credited in zip(entries, minutes, strict=True):
        _publish(tx, expected[entry.client_id], entry.report, credited)
    return recorded


def _meeting(session: asyncpg.Record) -> Meeting:
    kind = session_kinds(session["site_id"]).kinds[session["kind"]]
    return Meeting(
        session["starts_at"],
        session["ends_at"],
        session["break_minutes"],
        kind.min_minutes_for_credit,
    )


def _credited(report: Report, meeting: Meeting, tx: Transaction, place: str) -> int:
    try:
        require_acceptable(report, meeting, tx.now)
    except Unacceptable as wrong:
        raise ImpossibleAttendance(str(wrong), pointer=f"{place}/{wrong.field}") from None
    return credited_minutes(report, meeting)


def _require_held(session: asyncpg.Record) -> None:
    if session["not_held_at"] is not None:
        raise SessionNotHeld("The program does not hold this session: it counts nowhere.")


def _publish(
    tx: Transaction,
    expected: asyncpg.Record,
    report: Report,
    minutes: int,
    cause: Received[Any] | None = None,
) -> None:
    common = {
        **expected,
        "status": report.status,
        "attended_minutes": minutes,
        "scheduled_minutes": _meeting(expected).scheduled_minutes,
        "recorded_at": tx.now,
    }
    if report.attended:
        publish(tx, SessionAttended(**common), cause=cause)
    else:
        publish(tx, SessionMissed(**common, excused=is_excused(report.status)), cause=cause)
