"""Recording who came, and correcting it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from services.scheduling.attendance import policy, queries, rules, schemas
from services.scheduling.sessions.cancelling import SessionNotHeld
from shared.calendar import Week
from shared.contracts import scheduling as told
from shared.database import Columns, Record, Transaction, at_all_sites, together, update
from shared.errors import Conflict, Invalid, found, pointing, require_once, require_version
from shared.ids import new_id
from shared.messaging.consumer import Received
from shared.messaging.outbox import publish

LOAD = """
SELECT s.id AS session_id, s.site_id, coalesce(s.cohort_id, a.cohort_id) AS cohort_id, s.kind,
  s.starts_at, s.ends_at, s.break_minutes, s.time_zone, s.not_held_at, s.modality, s.version,
  a.client_id, a.on_hold, a.enrolment_id,
  EXISTS (SELECT FROM attendance r WHERE r.session_id = $1 AND r.client_id = a.client_id) AS known
FROM sessions s LEFT JOIN (
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
ROWS = Columns.by_type(
    uuid="id session_id client_id site_id makes_up",
    text="status recorded_by",
    timestamptz="checked_in_at checked_out_at recorded_at",
    integer="attended_minutes",
)
LOCK = f"{queries.RECORDED} WHERE r.id = $1 FOR UPDATE OF r FOR SHARE OF s, a"
MISSES = f"""
{queries.RECORDED} JOIN unnest($1::uuid[], $2::uuid[]) AS k(session_id, client_id)
  ON k.session_id = r.session_id AND k.client_id = r.client_id
WHERE r.status NOT IN ('present', 'partial') AND s.not_held_at IS NULL ORDER BY s.starts_at, s.id
"""
KEEP = f"""
INSERT INTO attendance_versions ({queries.VERSION}, attendance_id, site_id)
SELECT {queries.AS_NOW}, id, site_id FROM attendance WHERE id = $1
"""  # noqa: S608 - the names of its fields
LOCK_MISSES = "SELECT FROM attendance WHERE id = ANY ($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"
TO_MAKE_UP = """
SELECT r.id, r.session_id, r.status, s.starts_at, s.time_zone, s.not_held_at,
  r.client_id = ANY (platform.records_of(g.client_id)) AS of_client,
  EXISTS (SELECT FROM attendance m JOIN sessions n ON n.id = m.session_id
    WHERE m.makes_up = r.id AND n.not_held_at IS NULL
      AND (m.session_id, m.client_id) <> ($3::uuid, g.client_id)) AS made_up
FROM unnest($1::uuid[], $2::uuid[]) AS g(id, client_id)
JOIN attendance r ON r.id = g.id JOIN sessions s ON s.id = r.session_id
"""
NOT_EXPECTED = "This client is not expected at this session."
ALREADY = "Correct the recorded attendance instead."


class SessionNotStarted(Conflict, title="The session has not started"):
    """Attendance is recorded from the start of the session on."""


class ClientNotPlaced(Conflict, title="The client is not expected at this session"):
    """The client is not expected at this session."""


class AlreadyRecorded(Conflict, title="Attendance is recorded already"):
    """Attendance is recorded once and corrected afterwards."""


class ClientTwice(Invalid, title="A client is listed twice"):
    """One client is in the list more than once."""


class CannotBeMadeUp(Conflict, title="That miss cannot be made up by this"):
    """The miss that is named is none that this attendance makes up."""


class MissMadeUp(Conflict, title="The miss is made up"):
    """Another attendance makes up the miss."""


async def record_attendance(
    tx: Transaction, session_id: UUID, new: schemas.NewAttendance, by: str
) -> schemas.Attendance:
    """Record what became of one client's seat; publishes SessionAttended or SessionMissed.

    Raises:
        NotFound: when there is no such session that the caller may see.
        SessionNotHeld, SessionNotStarted, ClientNotPlaced, AlreadyRecorded, ImpossibleAttendance,
            CannotBeMadeUp: see there.
    """
    (recorded,) = await record(tx, session_id, [new], by, "")
    return recorded


async def record_roll(
    tx: Transaction, session_id: UUID, new: schemas.NewRoll, by: str
) -> schemas.Roll:
    """Record the attendance of several clients, all or nothing; publishes one event a client.

    Raises:
        ClientTwice: when a client is listed twice; and what `record_attendance` raises, with a
            pointer to the entry.
    """
    clients = [entry.client_id for entry in new.entries]
    require_once(clients, ClientTwice, "/entries/{}/client_id", "This client is listed above.")
    recorded = await record(tx, session_id, new.entries, by, "/entries/{}")
    return schemas.Roll(session_id=session_id, recorded=recorded)


async def correct_attendance(
    tx: Transaction, expected: int, attendance_id: UUID, correction: schemas.Correction, by: str
) -> schemas.Attendance:
    """Replace what was recorded, and keep what it was; publishes AttendanceCorrected with both,
    then SessionAttended or SessionMissed anew.

    Raises:
        NotFound: when there is no such attendance that the caller may see.
        StaleVersion: when somebody else corrected it meanwhile.
        SessionNotHeld, ImpossibleAttendance, CannotBeMadeUp, MissMadeUp: see there.
    """
    was = found(await tx.fetchrow(LOCK, attendance_id), "attendance")
    require_version(was["version"], expected)
    require_held(was)
    report = correction.report
    minutes = _credited(report, queries.meeting_of(was), tx, "")
    async with at_all_sites(tx):  # what makes it up, and what it makes up, may be elsewhere
        (was,) = await tx.fetch(queries.ONE, attendance_id)
    if rules.attended(report.status) and was["made_up_by"] is not None:
        raise MissMadeUp("Another attendance makes up this miss: correct that one first.")
    made_up = await _made_up(tx, was, [(report.makes_up, was["client_id"], "")])
    now = {"corrected_at": tx.now, "attended_minutes": minutes, "recorded_by": by}
    changed = update("attendance", asdict(report) | now, where={"id": attendance_id})
    await tx.execute(*together((KEEP, attendance_id), changed))
    shown = await queries.show_attendance(tx, attendance_id)
    holds = {**was, **dict(shown), "makes_up_session_id": made_up.get(report.makes_up)}
    states = {"before": told.AttendanceState(**was), "after": told.AttendanceState(**holds)}
    publish(tx, told.AttendanceCorrected(**holds, **states, attendance_id=attendance_id))
    _publish(tx, holds)
    return shown


async def tell_misses_again(
    tx: Transaction, misses: Sequence[tuple[UUID, UUID]], cause: Received[Any]
) -> None:
    """Publish SessionMissed once more for misses, by session and client, of which it was told
    wrongly whether they were on hold."""
    sessions, clients = [one for one, _ in misses], [client for _, client in misses]
    for row in await tx.fetch(MISSES, sessions, clients):
        _publish(tx, {**row, **dict(queries.attendance_of(row))}, cause)


async def record(
    tx: Transaction, session_id: UUID, new: list[schemas.NewAttendance], by: str | None, within: str
) -> list[schemas.Attendance]:
    """Record what is new of different clients; `within` is where each stands in the request, with
    `{}` for its number. Raises as `record_attendance` does."""
    rows = await tx.fetch(LOAD, session_id, [entry.client_id for entry in new])
    session = found(next(iter(rows), None), "session")
    require_held(session)
    if session["starts_at"] > tx.now:
        raise SessionNotStarted("Attendance can be recorded once the session has started.")
    expected, meeting = {row["client_id"]: row for row in rows}, queries.meeting_of(session)
    given, recorded = [], []
    for number, entry in enumerate(new):
        place, row = within.format(number), expected.get(entry.client_id)
        if row is None:
            raise ClientNotPlaced(NOT_EXPECTED, pointer=f"{place}/client_id")
        credited = _credited(entry.report, meeting, tx, place)
        if row["known"]:
            raise AlreadyRecorded(ALREADY, pointer=f"{place}/client_id")
        given.append((entry.makes_up, entry.client_id, place))
        made = {"id": new_id(), "attended_minutes": credited, "version": 1}
        when = {"recorded_by": by, "recorded_at": tx.now, "corrected_at": None}
        recorded.append(queries.attendance_of({**row, **dict(entry), **made, **when}))
    made_up = await _made_up(tx, session, given)
    await tx.write(ROWS.insert("attendance"), *ROWS.arrays(recorded))
    for one in recorded:
        missed = made_up.get(one.makes_up)
        _publish(tx, {**expected[one.client_id], **dict(one), "makes_up_session_id": missed})
    return recorded


async def _made_up(
    tx: Transaction, session: Record, given: Sequence[tuple[UUID | None, UUID, str]]
) -> dict[UUID | None, UUID]:
    """The sessions of the misses that attendance of a session makes up, by miss; each is given with
    its client, and with its place in the request.

    A miss is locked before it is looked at, so that it is neither corrected nor made up twice.

    Raises:
        CannotBeMadeUp: see there.
    """
    if not (named := [(miss, client, place) for miss, client, place in given if miss]):
        return {}
    ids, clients = [miss for miss, _, _ in named], [client for _, client, _ in named]
    async with at_all_sites(tx):  # a miss of another site is made up here, too
        await tx.fetch(LOCK_MISSES, ids)
        found = await tx.fetch(TO_MAKE_UP, ids, clients, session["session_id"])
    rows = {row["id"]: row for row in found}
    weeks_apart = policy.attendance_policy(session["site_id"]).makeup_weeks_apart
    week = Week.of(session["starts_at"], session["time_zone"])
    for miss, _, place in named:
        row, wrong = rows.get(miss), None
        if row is None or not row["of_client"] or ids.count(miss) > 1:
            wrong = "This client has no such attendance."
        elif row["status"] in ("present", "partial") or row["not_held_at"] is not None:
            wrong = "Nothing was missed there."
        elif not rules.is_in_time(Week.of(row["starts_at"], row["time_zone"]), week, weeks_apart):
            wrong = "A miss is made up within the weeks that the policy of the site allows."
        elif row["made_up"]:
            wrong = "Another attendance makes it up."
        if wrong is not None:
            raise CannotBeMadeUp(wrong, pointer=f"{place}/makes_up")
    return {miss: rows[miss]["session_id"] for miss in ids}


def _credited(report: rules.Report, meeting: rules.Meeting, tx: Transaction, place: str) -> int:
    with pointing(f"{place}/{{0.field}}", rules.ImpossibleAttendance):
        rules.require_acceptable(report, meeting, tx.now)
    return rules.credited_minutes(report, meeting)


def require_held(session: Record) -> None:
    """Refuse what is about a session that the program does not hold.

    Raises:
        SessionNotHeld: it does not.
    """
    if session["not_held_at"] is not None:
        raise SessionNotHeld("The program does not hold this session: it counts nowhere.")


def _publish(tx: Transaction, known: Mapping[str, Any], cause: Received[Any] | None = None) -> None:
    """Tell what became of the seat in a session of which so much is known."""
    attended, excused = rules.attended(known["status"]), rules.is_excused(known["status"])
    event = told.SessionAttended if attended else told.SessionMissed
    publish(tx, event(**{**known, "recorded_at": tx.now, "excused": excused}), cause=cause)
