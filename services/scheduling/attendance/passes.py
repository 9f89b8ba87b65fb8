"""What clients check in with themselves: a short code at the kiosk of a site, or a link to join.

A secret is looked up by its hash alone. That of a link is random over 256 bits, so that SHA-256
will do. A code has 30 bits and ends with its session: it is stretched by scrypt, a kiosk has a
token of its own, and how often each may try is limited.
"""

import asyncio
import contextlib
import hashlib
import secrets
from uuid import UUID

from services.scheduling.attendance.check_ins import KNOWN, AlreadyNoted, Going, expected_at, note
from services.scheduling.attendance.commands import AlreadyRecorded
from services.scheduling.attendance.policy import attendance_policy
from services.scheduling.attendance.schemas import CheckIn, Joined, NewPass, Pass
from shared.access import Caller
from shared.database import ALL_SITES, Transaction, upsert
from shared.errors import Conflict, Forbidden, Invalid, Refused, pointing, require_version
from shared.web.links import LinkNotValid, digest, new_secret

LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without those that are taken for one another."""
CODE_LENGTH = 6
HELD = """
SELECT session_id AS id, ARRAY[p.site_id] AS sites, session_id, client_id, p.site_id
FROM passes p JOIN appointments a USING (session_id, client_id) JOIN sessions s ON s.id = session_id
WHERE p.secret_hash = $1 AND a.state = 'scheduled' AND s.not_held_at IS NULL AND s.ends_at > $2
"""
ROOM = """
SELECT r.join_url FROM bookings b JOIN rooms r ON r.id = b.resource_id
WHERE b.session_id = $1 AND b.kind = 'room'
"""


class SessionOver(Conflict, title="The session is over"):
    """Nobody comes to a session any more that is over."""


class NotAtOneSite(Forbidden, title="A kiosk stands at one site"):
    """A kiosk stands at one site, which its token names."""


class CodeNotValid(Invalid, title="Not a code that is good here and now"):
    """The code is of no session at this site that is still to end."""


class NoTelehealthRoom(Conflict, title="The session has no telehealth room"):
    """The session has no room that can be joined yet."""


async def add_pass(tx: Transaction, expected: int, session_id: UUID, new: NewPass) -> Pass:
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
        secret = new_secret()
        hashed = digest(secret)
        address = f"{attendance_policy(site_id).join_address}#{secret}"
    else:
        code = "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
        hashed = await stretched(code, site_id)
    row = {
        "session_id": session_id,
        "client_id": new.client_id,
        "site_id": site_id,
        "kind": "code" if code else "link",
        "secret_hash": hashed,
        "issued_at": tx.now,
    }
    await tx.execute(*upsert("passes", row, key="session_id, client_id"))
    shown = {"code": code, "address": address, "valid_until": session["ends_at"]}
    return Pass.from_row({**row, **shown, "version": session["version"]})


async def note_by_code(tx: Transaction, kiosk: Caller, code: str, going: Going) -> CheckIn:
    """Check in or out whoever's code was typed at a kiosk.

    Raises:
        NotAtOneSite, CodeNotValid: see there; and what `note` raises.
    """
    if kiosk.sites == ALL_SITES or len(kiosk.sites) != 1:
        raise NotAtOneSite("Give each kiosk a token for its own site.")
    (site_id,) = kiosk.sites
    hashed = await stretched(code.strip().upper(), site_id)
    held = await tx.fetchrow(HELD, hashed, tx.now)
    if held is None:
        raise CodeNotValid("Try it again, or ask at the front desk.", pointer="/code")
    with pointing("/code", Refused):  # all that was given
        return await note(tx, held["session_id"], held["client_id"], going, "kiosk")


async def join(tx: Transaction, secret: bytes) -> Joined:
    """Where the session of a link is joined; the client is checked in, if that was not done before.

    Raises:
        LinkNotValid: see there.
        NoTelehealthRoom: see there; and what `note` raises.
    """
    held = await tx.fetchrow(HELD, secret, tx.now)
    if held is None:
        raise LinkNotValid
    session_id, client_id = held["session_id"], held["client_id"]
    join_url = await tx.fetchval(ROOM, session_id)
    if join_url is None:
        raise NoTelehealthRoom("Call your site: the session cannot be joined yet.")
    with contextlib.suppress(AlreadyNoted, AlreadyRecorded):
        await note(tx, session_id, client_id, "in", "telehealth")
    (known,) = await tx.fetch(KNOWN, session_id, client_id)
    return Joined(**held, join_url=join_url, checked_in_at=known["checked_in_at"])


async def stretched(code: str, site_id: UUID) -> bytes:
    """What is kept of a code: some 15 ms and 4 MB a guess, salted by the site."""
    return await asyncio.to_thread(
        hashlib.scrypt, code.encode(), salt=site_id.bytes, n=4096, r=8, p=1, dklen=32
    )
