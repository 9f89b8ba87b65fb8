"""Who comes and goes before attendance is final, and the roll that follows from it. Clients do so
themselves with a short code at the kiosk of a site, or with a link to join.

A secret is looked up by its hash alone. That of a link is random over 256 bits, so that SHA-256
will do. A code has 30 bits and ends with its session: it is stretched by scrypt, a kiosk has a
token of its own, and how often each may try is limited.
"""

import asyncio
import contextlib
import hashlib
import secrets
from dataclasses import asdict
from datetime import datetime
from typing import Literal
from uuid import UUID

from services.scheduling.attendance import commands, rules, schemas
from services.scheduling.attendance.policy import attendance_policy
from services.scheduling.attendance.queries import meeting_of, recorded_of
from shared.access import Caller
from shared.database import ALL_SITES, Record, Transaction, upsert
from shared.errors import Conflict, Forbidden, Invalid, Refused, found, pointing, require_version
from shared.web.links import LinkNotValid, digest, new_secret

Going = Literal["in", "out"]
By = Literal["staff", "kiosk", "telehealth"]
EXPECTED = commands.LOAD.replace("FOR SHARE OF e", "FOR NO KEY UPDATE OF e")
"""Who records the attendance at the same time waits, or is waited for."""
KNOWN = """
SELECT *, EXISTS (SELECT FROM attendance WHERE session_id = $1 AND client_id = $2) AS recorded
FROM (SELECT $1::uuid AS session_id, $2::uuid AS client_id) AS asked
LEFT JOIN check_ins USING (session_id, client_id)
"""
SESSION = "SELECT * FROM sessions WHERE id = $1 FOR NO KEY UPDATE"
"""Who records, checks in or closes the roll at the same time waits, or is waited for."""
UNRECORDED = """
SELECT a.client_id, c.checked_in_at, c.checked_out_at
FROM appointments a LEFT JOIN check_ins c USING (session_id, client_id)
LEFT JOIN attendance r USING (session_id, client_id)
WHERE a.session_id = $1 AND a.state = 'scheduled' AND r.id IS NULL
  AND (c.checked_in_at IS NULL OR NOT $2) ORDER BY a.client_id
"""
LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without those that are taken for one another."""
CODE_LENGTH = 6
HELD = """
SELECT session_id AS id, ARRAY[p.site_id] AS sites, session_id, client_id, p.site_id, (
  SELECT r.join_url FROM bookings b JOIN rooms r ON r.id = b.resource_id
  WHERE b.session_id = s.id AND b.kind = 'room') AS join_url
FROM passes p JOIN appointments a USING (session_id, client_id) JOIN sessions s ON s.id = session_id
WHERE p.secret_hash = $1 AND a.state = 'scheduled' AND s.not_held_at IS NULL AND s.ends_at > $2
"""


class SessionNotOver(Conflict, title="The session is not over"):
    """A roll is recorded from check-ins once the session is over."""


class AlreadyNoted(Conflict, title="That was noted before"):
    """A client checks in once at a session, and out once."""


class NotCheckedIn(Conflict):
    """Only who checked in checks out."""


class SessionOver(Conflict, title="The session is over"):
    """Nobody comes to a session any more that is over."""


class NotAtOneSite(Forbidden, title="A kiosk stands at one site"):
    """A kiosk stands at one site, which its token names."""


class CodeNotValid(Invalid, title="Not a code that is good here and now"):
    """The code is of no session at this site that is still to end."""


class NoTelehealthRoom(Conflict, title="The session has no telehealth room"):
    """The session has no room that can be joined yet."""


async def note(
    tx: Transaction, session_id: UUID, client_id: UUID, going: Going, by: By, at: datetime | None
) -> schemas.CheckIn:
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
    now = {"site_id": session["site_id"], f"checked_{going}_at": at, f"checked_{going}_by": by}
    noted = schemas.CheckIn.from_row({**known, **now})
    await tx.execute(*upsert("check_ins", noted.model_dump(), key="session_id, client_id"))
    return noted


async def record_from_check_ins(tx: Transaction, session_id: UUID, by: str) -> schemas.Roll:
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
    await record_unrecorded(tx, session, by)
    return schemas.Roll(session_id=session_id, recorded=await recorded_of(tx, session_id))


async def record_unrecorded(tx: Transaction, session: Record, by: str | None) -> None:
    """Record of whom nothing is recorded, from their check-ins; where it happens by itself, which
    is by None, only who did not check in. The session is over, and locked by `SESSION`."""
    meeting = meeting_of(session)
    entries = []
    for row in await tx.fetch(UNRECORDED, session["id"], by is None):
        report = rules.report_of(row["checked_in_at"], row["checked_out_at"], meeting)
        entries.append(schemas.NewAttendance(client_id=row["client_id"], **asdict(report)))
    if entries:
        await commands.record(tx, session["id"], entries, by, "")


async def expected_at(tx: Transaction, session_id: UUID, client_id: UUID) -> tuple[Record, Record]:
    """A session at which a client is expected and nothing is recorded of it, locked, and the
    check-in so far.

    Raises:
        NotFound, SessionNotHeld, ClientNotPlaced, AlreadyRecorded: see `note`.
    """
    session = found(await tx.fetchrow(EXPECTED, session_id, [client_id]), "session")
    commands.require_held(session)
    if session["client_id"] is None:
        raise commands.ClientNotPlaced(commands.NOT_EXPECTED, pointer="/client_id")
    (known,) = await tx.fetch(KNOWN, session_id, client_id)
    if known["recorded"]:
        raise commands.AlreadyRecorded(commands.ALREADY, pointer="/client_id")
    return session, known


async def add_pass(
    tx: Transaction, expected: int, session_id: UUID, new: schemas.NewPass
) -> schemas.Pass:
    """Give a client a code for the kiosk, or a link for telehealth; the one before ends.

    Raises:
        NotFound: no such session that the caller may see.
        StaleVersion: it changed since the caller read it.
        SessionNotHeld, SessionOver, ClientNotPlaced, AlreadyRecorded: see there.
    """
    session, _ = await expected_at(tx, session_id, new.client_id)
    require_version(session["version"], expected)
    if session["ends_at"] <= tx.now:
        raise SessionOver("Record the attendance of the session instead.")
    site_id = session["site_id"]
    code = address = None
    if session["modality"] == "telehealth":
        hashed = digest(secret := new_secret())
        address = f"{attendance_policy(site_id).join_address}#{secret}"
    else:
        code = "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
        hashed = await stretched(code, site_id)
    whose = {"session_id": session_id, "client_id": new.client_id, "site_id": site_id}
    kept = {"kind": "code" if code else "link", "secret_hash": hashed, "issued_at": tx.now}
    await tx.execute(*upsert("passes", whose | kept, key="session_id, client_id"))
    given = {"code": code, "address": address, "valid_until": session["ends_at"]}
    return schemas.Pass(**whose, **given, version=session["version"])


async def note_by_code(tx: Transaction, kiosk: Caller, code: str, going: Going) -> schemas.CheckIn:
    """Check in or out whoever's code was typed at a kiosk.

    Raises:
        NotAtOneSite, CodeNotValid: see there; and what `note` raises.
    """
    if kiosk.sites == ALL_SITES or len(kiosk.sites) != 1:
        raise NotAtOneSite("Give each kiosk a token for its own site.")
    (site_id,) = kiosk.sites
    hashed = await stretched(code.strip().upper(), site_id)
    if (held := await tx.fetchrow(HELD, hashed, tx.now)) is None:
        raise CodeNotValid("Try it again, or ask at the front desk.", pointer="/code")
    with pointing("/code", Refused):  # all that was given
        return await note(tx, held["session_id"], held["client_id"], going, "kiosk", None)


async def join(tx: Transaction, secret: bytes) -> schemas.Joined:
    """Where the session of a link is joined; the client is checked in, if that was not done before.

    Raises:
        LinkNotValid: see there.
        NoTelehealthRoom: see there; and what `note` raises.
    """
    if (held := await tx.fetchrow(HELD, secret, tx.now)) is None:
        raise LinkNotValid
    whose = held["session_id"], held["client_id"]
    if held["join_url"] is None:
        raise NoTelehealthRoom("Call your site: the session cannot be joined yet.")
    with contextlib.suppress(AlreadyNoted, commands.AlreadyRecorded):
        await note(tx, *whose, "in", "telehealth", None)
    (known,) = await tx.fetch(KNOWN, *whose)
    return schemas.Joined(**held, checked_in_at=known["checked_in_at"])


async def stretched(code: str, site_id: UUID) -> bytes:
    """What is kept of a code: some 15 ms and 4 MB a guess, salted by the site."""
    return await asyncio.to_thread(
        hashlib.scrypt, code.encode(), salt=site_id.bytes, n=4096, r=8, p=1, dklen=32
    )
