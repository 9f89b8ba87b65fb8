"""Attendance over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.scheduling.attendance import commands, queries, schemas
from shared.access import Role
from shared.web import Allowed, AnyStaff, Call, Reader, Router, of_one_client

router = Router(tags=["Attendance"])
ROSTER = "/sessions/{session_id}/roster"

Recorder = Annotated[Call, Allowed(Role.FRONT_DESK, Role.COUNSELOR, Role.CLINICAL_LEAD)]


@router.create("/sessions/{session_id}/attendance", summary="Record one client's attendance")
async def record_attendance(
    session_id: UUID, body: schemas.NewAttendance, call: Recorder
) -> schemas.Attendance:
    """Record what became of one client's seat, from the start of the session on.

    A partial attendance needs the instants of check-in and check-out; the minutes between them are
    credited within the session, less their share of its breaks, and not at all when they are too
    few.
    """
    what = session_id, body, call.subject
    return await call.create(commands.record_attendance, *what, location="/attendance/{id}")


@router.create("/sessions/{session_id}/roster", summary="Record the attendance of a group")
async def record_roll(session_id: UUID, body: schemas.NewRoll, call: Recorder) -> schemas.Roll:
    """Record the attendance of several clients in one request: all or nothing."""
    return await call.create(commands.record_roll, session_id, body, call.subject, location=ROSTER)


@router.get("/sessions/{session_id}/roster", summary="Show who is expected at a session")
async def show_roster(session_id: UUID, call: AnyStaff) -> schemas.Roster:
    """Everybody expected at a session, with what was recorded. For staff only."""
    return await call.show(lambda tx: queries.show_roster(tx, session_id))


@router.get("/attendance/{attendance_id}", summary="Show a recorded attendance")
@of_one_client
async def show_attendance(attendance_id: UUID, call: Reader) -> schemas.Attendance:
    """What was recorded, as it stands now, with its ETag."""
    return await call.show(lambda tx: queries.show_attendance(tx, attendance_id))


@router.put("/attendance/{attendance_id}", summary="Correct a recorded attendance")
async def correct_attendance(
    attendance_id: UUID, body: schemas.Correction, call: Recorder
) -> schemas.Attendance:
    """Replace what was recorded by what was true; needs the ETag as If-Match."""
    return await call.update(commands.correct_attendance, attendance_id, body, call.subject)


@router.get("/attendance/{attendance_id}/history", summary="Show what an attendance said before")
@of_one_client
async def show_attendance_history(attendance_id: UUID, call: Reader) -> schemas.AttendanceHistory:
    """Every version of a recorded attendance, the latest last: who said what, and when."""
    return await call.show(lambda tx: queries.show_history(tx, attendance_id))


@router.get("/clients/{client_id}/attendance-summary", summary="Sum up a client's attendance")
@of_one_client
async def summarize_attendance(
    client_id: UUID, call: Reader, asked: Annotated[schemas.AskedSummary, Query()]
) -> schemas.AttendanceSummary:
    """The appointments of one stay by what became of them; the attendance rate with and without
    excused absences."""
    return await call.show(lambda tx: queries.summarize_attendance(tx, client_id, asked))
