"""Who comes and goes before attendance is final, and the roll that follows from it."""

from dataclasses import asdict
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.scheduling.attendance import commands, rules
from services.scheduling.attendance.queries import meeting_of, recorded_of
from services.scheduling.attendance.schemas import CheckIn, NewAttendance, Roll
from shared.database import Record, Transaction, upsert
from shared.errors import Conflict, found

Going = Literal["in", "out"]
By = Literal["staff", "kiosk", "telehealth"]
EXPECTED = commands.LOAD.replace("FOR SHARE OF e", "FOR NO KEY UPDATE OF e")
"""Who records the attendance at the same time waits, or is waited for."""
KNOWN = """
SELECT c.*, EXISTS (SELECT FROM attendance WHERE session_id = $1 AND client_id = $2) AS recorded
FROM (SELECT $1::uuid AS session_id, $2::uuid AS client_id) AS asked
LEFT JOIN check_ins c USING (session_id, client_id)
"""
SESSION = """
SELECT site_id, kind, starts_at, ends_at, break_minutes, not_held_at FROM sessions
WHERE id = $1 FOR NO KEY UPDATE
"""
"""Who records, checks in or closes the roll at the same time waits, or is waited for."""
UNRECORDED = """
SELECT a.client_id, c.checked_in_at, c.checked_out_at
FROM appointments a LEFT JOIN check_ins c USING (session_id, client_id)
LEFT JOIN attendance r USING (session_id, client_id)
WHERE a.session_id = $1 AND a.state = 'scheduled' AND r.id IS NULL
  AND (c.checked_in_at IS NULL OR NOT $2)
ORDER BY a.client_id
"""


class SessionNotOver(Conflict, title="The session is not over"):
    """A roll is recorded from check-ins once the session is over."""


class AlreadyNoted(Conflict, title="That was noted before"):
    """A client checks in once at a session, and out once."""


class NotCheckedIn(Conflict):
    """Only who checked in checks out."""


async def note(
    tx: Transaction,
    session_id: UUID,
    client_id: UUID,
    going: Going,
    by: By,
    at: datetime | None = None,
) -> CheckIn:
    """Note that a client came or left; nothing is published before attendance is recorded.

    Raises:
        NotFound: no such session that the caller may see.
        SessionNotHeld, ClientNotPlaced, AlreadyRecorded, AlreadyNoted, NotCheckedIn,
            ImpossibleAttendance: see there.
    """
    session, known = await expected_at(tx, session_id, client_id)
    if known[f"checked_{going}_at"] is not None:
        raise AlreadyNoted("A client checks in once, and out once.", pointer="/client_id")
    at, came, meeting = at or tx.now, known["checked_in_at"], meeting_of(session)
    if going == "out" and came is None:
        raise NotCheckedIn("This client did not check in.", pointer="/client_id")
    if going == "in":
        rules.require_check_in(at, meeting, tx.now)
    else:
        rules.require_check_out(at, came, meeting, tx.now)
    noted = {
        **{name: known[name] for name in CheckIn.model_fields},
        "session_id": session_id,
        "client_id": client_id,
        "site_id": session["site_id"],
        f"checked_{going}_at": at,
        f"checked_{going}_by": by,
    }
    await tx.execute(*upsert("check_ins", noted, key="session_id, client_id"))
    return CheckIn(**noted)


async def record_from_check_ins(tx: Transaction, session_id: UUID, by: str) -> Roll:
    """Record what check-ins say of everybody expected of whom nothing is recorded yet; the whole
    roll. Asked again it changes nothing. Publishes as `record_roll` does.

    Raises:
        NotFound: no such session that the caller may see.
        SessionNotHeld, SessionNotOver: see there.
    """
    session = found(await tx.fetchrow(SESSION, session_id), "session")
    commands.require_held(session)
    if session["ends_at"] > tx.now:
        raise SessionNotOver("Who leaves when is known once the session is over.")
    await record_unrecorded(tx, session_id, session, by=by)
    return Roll(session_id=session_id, recorded=await recorded_of(tx, session_id))


async def record_unrecorded(
    tx: Transaction, session_id: UUID, session: Record, *, by: str | None, absent_only: bool = False
) -> None:
    """Record of whom nothing is recorded, from their check-ins; or only who did not check in. The
    session is over, and locked by `SESSION`."""
    meeting = meeting_of(session)
    entries = []
    for row in await tx.fetch(UNRECORDED, session_id, absent_only):
        report = rules.report_of(row["checked_in_at"], row["checked_out_at"], meeting)
        entries.append(NewAttendance(client_id=row["client_id"], **asdict(report)))
    if entries:
        await commands.record(tx, session_id, entries, by)


async def expected_at(tx: Transaction, session_id: UUID, client_id: UUID) -> tuple[Record, Record]:
    """A session at which a client is expected and nothing is recorded of it, locked, and the
    check-in so far.

    Raises:
        NotFound, SessionNotHeld, ClientNotPlaced, AlreadyRecorded: see `note`.
    """
    session = found(await tx.fetchrow(EXPECTED, session_id, [client_id]), "session")
    commands.require_held(session)
    if session["client_id"] is None:
        words = "This client is not expected at this session."
        raise commands.ClientNotPlaced(words, pointer="/client_id")
    (known,) = await tx.fetch(KNOWN, session_id, client_id)
    if known["recorded"]:
        words = "Correct the recorded attendance instead."
        raise commands.AlreadyRecorded(words, pointer="/client_id")
    return session, known
