"""Coming and going before attendance is final: by staff, at a kiosk, by a link to join."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Depends

from services.scheduling.attendance import check_ins, schemas
from services.scheduling.attendance.routes import ROSTER, Recorder
from shared.access import Role
from shared.access.allowed import Open
from shared.web import Allowed, Call, Router, needs_if_match
from shared.web.holders import OwnCall, by_link
from shared.web.limits import count_call
from shared.web.links import digest_sent
from shared.web.problems import refusals

WHY = "A client has no token: the request carries the secret of a link to one session."
TRIED = refusals({429: "The kiosk sent too many codes"})
NOT_VALID = {401: "The link is not valid, or not valid any more"}
REFUSED = refusals({**NOT_VALID, 409: "The session is not held, or has no room yet"})
router = Router(tags=["Check-in"])
own_router = Router(tags=["Check-in"], dependencies=[Open(WHY)], responses=REFUSED)

Kiosk = Annotated[Call, Allowed(Role.KIOSK)]
ByLink = Annotated[OwnCall, Depends(by_link(check_ins.HELD))]
TOO_MANY = "Too many codes came from this kiosk."
"""They are counted, and none is remembered, not even by a hash: what is repeated is refused."""


@router.create("/sessions/{session_id}/check-ins", summary="Check a client in")
async def record_check_in(
    session_id: UUID, body: schemas.NewCheckIn, call: Recorder
) -> schemas.CheckIn:
    """Note that a client came, now or when it was; the roster shows it until attendance is
    recorded."""
    note = partial(check_ins.note, going="in", by="staff", at=body.at)
    return await call.create(note, session_id, body.client_id, location=ROSTER)


@router.create("/sessions/{session_id}/check-outs", summary="Check a client out")
async def record_check_out(
    session_id: UUID, body: schemas.NewCheckIn, call: Recorder
) -> schemas.CheckIn:
    """Note that a client left, now or when it was."""
    note = partial(check_ins.note, going="out", by="staff", at=body.at)
    return await call.create(note, session_id, body.client_id, location=ROSTER)


@router.create(
    "/sessions/{session_id}/attendance/from-check-ins", summary="Record a roll from its check-ins"
)
async def record_roll_from_check_ins(session_id: UUID, call: Recorder) -> schemas.Roll:
    """Once a session is over, record everybody of whom nothing is recorded yet: present or partial
    by the instants, no-show without. Who did not check out stayed to the end. Asked again it
    changes nothing; the answer is the whole roll."""
    what = session_id, call.subject
    return await call.create(check_ins.record_from_check_ins, *what, location=ROSTER)


@router.post("/sessions/{session_id}/passes", summary="Give a client a pass to check in")
@needs_if_match
async def add_pass(session_id: UUID, body: schemas.NewPass, call: Recorder) -> schemas.Pass:
    """A short code for the kiosk or, for a telehealth session, a link to join; shown this once.
    Needs the ETag of the session; a newer pass ends the one before."""
    return await call.update(check_ins.add_pass, session_id, body)


@router.post("/kiosk/check-ins", summary="Check in at a kiosk", responses=TRIED)
async def record_kiosk_check_in(body: schemas.Code, call: Kiosk) -> schemas.CheckIn:
    """Check in whoever's code was typed; a kiosk that sends many has to wait."""
    count_call(call.request, "kiosk", call.subject, TOO_MANY)
    return await call.answer(lambda tx: check_ins.note_by_code(tx, call.caller, body.code, "in"))


@router.post("/kiosk/check-outs", summary="Check out at a kiosk", responses=TRIED)
async def record_kiosk_check_out(body: schemas.Code, call: Kiosk) -> schemas.CheckIn:
    """Check out whoever's code was typed; a kiosk that sends many has to wait."""
    count_call(call.request, "kiosk", call.subject, TOO_MANY)
    return await call.answer(lambda tx: check_ins.note_by_code(tx, call.caller, body.code, "out"))


@own_router.post("/telehealth/joins", summary="Join a telehealth session")
async def record_telehealth_join(call: ByLink) -> schemas.Joined:
    """Where the session of a link is joined, by `Authorization: Link …`; it checks the client in.

    Joining again, after the connection was lost, changes nothing.
    """
    return await call.answer(lambda tx: check_ins.join(tx, digest_sent(call.request)))
