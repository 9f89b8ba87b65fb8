"""Attendance over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.scheduling.attendance import commands, queries, schemas
from services.scheduling.sessions.schemas import Bound
from shared.access import Role
from shared.access.roles import EVERY_STAFF_ROLE
from shared.web import Allowed, Call, Router, of_one_client

router = Router(tags=["Attendance"])

Recorder = Annotated[Call, Allowed(Role.FRONT_DESK, Role.COUNSELOR, Role.CLINICAL_LEAD)]
Reader = Annotated[Call, Allowed(*EVERY_STAFF_ROLE, Role.SERVICE)]


@router.post(
    "/sessions/{session_id}/attendance", status_code=201, summary="Record one client's attendance"
)
async def record_attendance(
    session_id: UUID, body: schemas.NewAttendance, call: Recorder
) -> schemas.Attendance:
    """Record what became of one client's seat, from the start of the session on.

    A partial attendance needs the instants of check-in and check-out; the minutes between them are
    credited within the session, less their share of its breaks, and not at all when they are too
    few.
    """
    return await call.create(
        lambda tx: commands.record_attendance(tx, session_id, body, by=call.subject),
        location="/attendance/{id}",
    )


@router.post(
    "/sessions/{session_id}/roster", status_code=201, summary="Record the attendance of a group"
)
async def record_roll(session_id: UUID, body: schemas.NewRoll, call: Recorder) -> schemas.Roll:
    """Record the attendance of several clients in one request: all or nothing."""
    return await call.create(
        lambda tx: commands.record_roll(tx, session_id, body, by=call.subject),
        location="/sessions/{session_id}/roster",
    )


@router.get("/sessions/{session_id}/roster", summary="Show who is expected at a session")
async def show_roster(
    session_id: UUID, call: Annotated[Call, Allowed(*EVERY_STAFF_ROLE)]
) -> schemas.Roster:
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
    return await call.update(commands.correct_attendance, attendance_id, body, by=call.subject)


@router.get("/attendance/{attendance_id}/history", summary="Show what an attendance said before")
@of_one_client
async def show_attendance_history(attendance_id: UUID, call: Reader) -> schemas.AttendanceHistory:
    """Every version of a recorded attendance, the latest last: who said what, and when."""
    return await call.show(lambda tx: queries.show_history(tx, attendance_id))


@router.get("/clients/{client_id}/attendance-summary", summary="Sum up a client's attendance")
@of_one_client
async def summarize_attendance(
    client_id: UUID,
    call: Reader,
    starting_from: Annotated[
        Bound | None, Query(alias="from", description="Sessions starting then or later.")
    ] = None,
    starting_before: Annotated[
        Bound | None, Query(alias="until", description="Sessions starting earlier.")
    ] = None,
    enrolment_id: Annotated[
        UUID | None,
        Query(description="The stay; without it that with a seat now, else the latest."),
    ] = None,
) -> schemas.AttendanceSummary:
    """The appointments of one stay by what became of them; the attendance rate with and without
    excused absences."""
    return await call.show(
        lambda tx: queries.summarize_attendance(
            tx, client_id, starting_from, starting_before, enrolment_id
        )
    )
