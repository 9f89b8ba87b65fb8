"""Attendance as it is read."""

from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from services.scheduling.attendance import rules, schemas
from services.scheduling.attendance.policy import attendance_policy
from services.scheduling.hours.policy import session_kinds
from shared.database import Record, Transaction, names
from shared.errors import found

Row = Record | Mapping[str, Any]
RECORDED = """
SELECT r.id, r.session_id, r.client_id, r.site_id, r.status, r.checked_in_at, r.checked_out_at,
  r.attended_minutes, r.recorded_at, r.corrected_at, r.version, r.recorded_by, r.makes_up,
  s.starts_at, s.ends_at, s.break_minutes, s.kind, s.time_zone, s.not_held_at, a.on_hold,
  p.enrolment_id, coalesce(s.cohort_id, p.cohort_id) AS cohort_id,
  (SELECT m.id FROM attendance m JOIN sessions n ON n.id = m.session_id AND n.not_held_at IS NULL
   WHERE m.makes_up = r.id) AS made_up_by,
  (SELECT session_id FROM attendance WHERE id = r.makes_up) AS makes_up_session_id
FROM attendance r JOIN appointments a USING (session_id, client_id)
JOIN sessions s ON s.id = r.session_id JOIN placements p ON p.id = a.placement_id
"""
ONE = f"{RECORDED} WHERE r.id = $1"
OF_SESSION = f"{RECORDED} WHERE s.id = $1 ORDER BY r.client_id"
VERSION = names(schemas.AttendanceVersion)
AS_NOW = VERSION.replace("recorded_at", "coalesce(corrected_at, recorded_at)")
SAID = f"""
SELECT {VERSION} FROM attendance_versions WHERE attendance_id = $1
UNION ALL SELECT {AS_NOW} FROM attendance WHERE id = $1 ORDER BY version
"""  # noqa: S608 - the names of its fields
SESSION = "SELECT starts_at, site_id, not_held_at, not_held_reason FROM sessions WHERE id = $1"
ROSTER = """
SELECT a.client_id, a.on_hold, to_jsonb(c) AS check_in,
  CASE WHEN a.state = 'scheduled' AND $2 THEN 'not_held' ELSE a.state END AS state
FROM appointments a LEFT JOIN check_ins c USING (session_id, client_id)
WHERE a.session_id = $1 ORDER BY a.client_id
"""
TALLY = """
SELECT became, count(*) AS many, (array_agg(p.enrolment_id))[1] AS enrolment_id,
  coalesce(array_agg(DISTINCT a.site_id), '{}') AS site_ids
FROM appointments a LEFT JOIN attendance r USING (session_id, client_id)
JOIN sessions s ON s.id = a.session_id JOIN placements p ON p.id = a.placement_id
  AND p.enrolment_id = coalesce($5, (SELECT enrolment_id FROM placements
    WHERE client_id = ANY (platform.records_of($1))
    ORDER BY ended_at IS NULL DESC, placed_at DESC, id DESC LIMIT 1))
CROSS JOIN LATERAL (SELECT CASE
  WHEN a.state = 'cancelled' AND r.id IS NULL THEN 'withdrawn'
  WHEN s.not_held_at IS NOT NULL THEN 'not_held'
  WHEN r.status = 'present' OR r.status = 'partial' AND r.attended_minutes > 0 THEN 'credited'
  WHEN r.status = 'partial' THEN 'uncredited'
  WHEN r.id IS NULL AND s.starts_at > $4 THEN 'to come'
  WHEN a.on_hold THEN 'on_hold'
  WHEN r.status = 'excused_absence' THEN 'excused'
  WHEN r.status = 'late_cancel' THEN 'late_cancelled'
  ELSE coalesce(r.status, 'unrecorded')
END AS became) AS b
WHERE a.client_id = ANY (platform.records_of($1))
  AND ($2::timestamptz IS NULL OR s.starts_at >= $2)
  AND ($3::timestamptz IS NULL OR s.starts_at < $3)
GROUP BY ROLLUP (became)
"""
"""By what became of them, and all of them."""


async def show_attendance(tx: Transaction, attendance_id: UUID) -> schemas.Attendance:
    """What was recorded, as it stands now.

    Raises:
        NotFound: when there is none that the caller may see.
    """
    return attendance_of(found(await tx.fetchrow(ONE, attendance_id), "attendance"))


async def show_history(tx: Transaction, attendance_id: UUID) -> schemas.AttendanceHistory:
    """Everything that an attendance said, the latest last.

    Raises:
        NotFound: when there is none that the caller may see.
    """
    now = await show_attendance(tx, attendance_id)
    rows = await tx.fetch(SAID, attendance_id)
    versions = [schemas.AttendanceVersion.from_row(row) for row in rows]
    whose = {"client_id": now.client_id, "site_id": now.site_id}
    return schemas.AttendanceHistory(attendance_id=now.id, **whose, versions=versions)


async def recorded_of(tx: Transaction, session_id: UUID) -> list[schemas.Attendance]:
    """What was recorded of a session, by client."""
    return [attendance_of(row) for row in await tx.fetch(OF_SESSION, session_id)]


def meeting_of(session: Row) -> rules.Meeting:
    """A session as the rules take it, by the policies of its site."""
    kind = session_kinds(session["site_id"]).kinds[session["kind"]]
    times = session["starts_at"], session["ends_at"], session["break_minutes"]
    return rules.Meeting(*times, kind.min_minutes_for_credit, attendance_policy(session["site_id"]))


async def show_roster(tx: Transaction, session_id: UUID) -> schemas.Roster:
    """Everybody who is or was expected at a session, with what was recorded.

    Raises:
        NotFound: when there is no such session that the caller may see.
    """
    session = found(await tx.fetchrow(SESSION, session_id), "session")
    recorded = {one.client_id: one for one in await recorded_of(tx, session_id)}
    rows = await tx.fetch(ROSTER, session_id, session["not_held_at"] is not None)
    shown = ({**row, "attendance": recorded.get(row["client_id"])} for row in rows)
    entries = [schemas.RosterEntry.from_row(row) for row in shown]
    return schemas.Roster(session_id=session_id, **session, entries=entries)


async def summarize_attendance(
    tx: Transaction, client_id: UUID, asked: schemas.AskedSummary
) -> schemas.AttendanceSummary:
    """A client's appointments in one stay, unless one is named in that which goes on, else in the
    latest, by what became of them; all zero for a client unknown here."""
    span = asked.starting_from, asked.starting_before
    rows = await tx.fetch(TALLY, client_id, *span, tx.now, asked.enrolment_id)
    whole = next(row for row in rows if row["became"] is None)
    tally = Counter({row["became"]: row["many"] for row in rows})
    rates = rules.rates(tally).items()
    shares = {name: None if rate is None else round(float(rate), 4) for name, rate in rates}
    counts = {became: tally[became] for became in (*rules.HELD, *rules.OTHERWISE)}
    return schemas.AttendanceSummary(**{**whole, **counts, **shares, "client_id": client_id})


def attendance_of(row: Row) -> schemas.Attendance:
    """What is shown of a row with the columns of `RECORDED`."""
    meeting = meeting_of(row)
    report = rules.Report(row["status"], row["checked_in_at"], row["checked_out_at"])
    late, early = rules.away(report, meeting)
    counted = row["not_held_at"] is None and (rules.attended(row["status"]) or not row["on_hold"])
    minutes = {"minutes_late": late, "minutes_left_early": early}
    shown = {**minutes, "scheduled_minutes": meeting.scheduled_minutes, "counted": counted}
    return schemas.Attendance.from_row({**row, **shown})
