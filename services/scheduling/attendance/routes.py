"""Attendance over HTTP, and coming and going before it is final: by staff, at a kiosk, by a link to
join."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from services.scheduling.attendance import check_ins, commands, passes, queries, schemas
from shared.access import Role
from shared.access.allowed import Open
from shared.web import Allowed, AnyStaff, Call, Reader, Router, needs_if_match, of_one_client
from shared.web.holders import OwnCall, by_link
from shared.web.limits import count_call
from shared.web.links import digest_sent
from shared.web.problems import refusals

router = Router(tags=["Attendance"])
ROSTER = "/sessions/{session_id}/roster"

WHY = "A client has no token: the request carries the secret of a link to one session."
TRIED = refusals({429: "The kiosk sent too many codes"})
NOT_VALID = {401: "The link is not valid, or not valid any more"}
REFUSED = refusals({**NOT_VALID, 409: "The session is not held, or has no room yet"})
arrivals = Router(tags=["Check-in"])
own_router = Router(tags=["Check-in"], dependencies=[Open(WHY)], responses=REFUSED)

Kiosk = Annotated[Call, Allowed(Role.KIOSK)]
ByLink = Annotated[OwnCall, Depends(by_link(passes.HELD))]
TOO_MANY = "Too many codes came from this kiosk."
"""They are counted, and none is remembered, not even by a hash: what is repeated is refused."""

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


@arrivals.create("/sessions/{session_id}/check-ins", summary="Check a client in")
async def record_check_in(
    session_id: UUID, body: schemas.NewCheckIn, call: Recorder
) -> schemas.CheckIn:
    """Note that a client came, now or when it was; the roster shows it until attendance is
    recorded."""
    note = partial(check_ins.note, going="in", by="staff", at=body.at)
    return await call.create(note, session_id, body.client_id, location=ROSTER)


@arrivals.create("/sessions/{session_id}/check-outs", summary="Check a client out")
async def record_check_out(
    session_id: UUID, body: schemas.NewCheckIn, call: Recorder
) -> schemas.CheckIn:
    """Note that a client left, now or when it was."""
    note = partial(check_ins.note, going="out", by="staff", at=body.at)
    return await call.create(note, session_id, body.client_id, location=ROSTER)


@arrivals.create(
    "/sessions/{session_id}/attendance/from-check-ins", summary="Record a roll from its check-ins"
)
async def record_roll_from_check_ins(session_id: UUID, call: Recorder) -> schemas.Roll:
    """Once a session is over, record everybody of whom nothing is recorded yet: present or partial
    by the instants, no-show without. Who did not check out stayed to the end. Asked again it
    changes nothing; the answer is the whole roll."""
    what = session_id, call.subject
    return await call.create(check_ins.record_from_check_ins, *what, location=ROSTER)


@arrivals.post("/sessions/{session_id}/passes", summary="Give a client a pass to check in")
@needs_if_match
async def add_pass(session_id: UUID, body: schemas.NewPass, call: Recorder) -> schemas.Pass:
    """A short code for the kiosk or, for a telehealth session, a link to join; shown this once.
    Needs the ETag of the session; a newer pass ends the one before."""
    return await call.update(passes.add_pass, session_id, body)


@arrivals.post("/kiosk/check-ins", summary="Check in at a kiosk", responses=TRIED)
async def record_kiosk_check_in(body: schemas.Code, call: Kiosk) -> schemas.CheckIn:
    """Check in whoever's code was typed; a kiosk that sends many has to wait."""
    count_call(call.request, "kiosk", call.subject, TOO_MANY)
    return await call.answer(lambda tx: passes.note_by_code(tx, call.caller, body.code, "in"))


@arrivals.post("/kiosk/check-outs", summary="Check out at a kiosk", responses=TRIED)
async def record_kiosk_check_out(body: schemas.Code, call: Kiosk) -> schemas.CheckIn:
    """Check out whoever's code was typed; a kiosk that sends many has to wait."""
    count_call(call.request, "kiosk", call.subject, TOO_MANY)
    return await call.answer(lambda tx: passes.note_by_code(tx, call.caller, body.code, "out"))


@own_router.post("/telehealth/joins", summary="Join a telehealth session")
async def record_telehealth_join(call: ByLink) -> schemas.Joined:
    """Where the session of a link is joined, by `Authorization: Link …`; it checks the client in.

    Joining again, after the connection was lost, changes nothing.
    """
    return await call.answer(lambda tx: passes.join(tx, digest_sent(call.request)))
