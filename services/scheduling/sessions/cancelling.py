"""Sessions that the program does not hold: they count nowhere, and whoever was expected is told. So
it is for the days on which a site is closed, which are worked off one by one."""

from collections.abc import Sequence
from uuid import UUID

from services.scheduling.appointments.commands import expect_again, expected_at, free
from services.scheduling.appointments.queries import ASSIGNED
from services.scheduling.directory.commands import lock_site, tell_days
from services.scheduling.sessions import policy, queries, rules, schemas
from shared.calendar import day_at
from shared.contracts import scheduling as told
from shared.database import Record, Transaction, insert, update
from shared.errors import Conflict, Invalid, found, require_once, require_version
from shared.ids import new_id
from shared.messaging.outbox import publish

LOCK = f"""
SELECT s.*, assigned.*, array(
  SELECT client_id FROM appointments WHERE session_id = s.id AND state = 'scheduled') AS clients
FROM sessions s {ASSIGNED} WHERE s.id = ANY ($1::uuid[]) AND s.site_id = $2
ORDER BY s.starts_at, s.id FOR NO KEY UPDATE OF s
"""  # noqa: S608 - the part is ours
NOT_HELD = """
UPDATE sessions SET not_held_at = $2, not_held_reason = $3, version = version + 1
WHERE id = ANY ($1::uuid[])
"""
CLOSE = """
INSERT INTO closed_days (site_id, day, name, kind)
SELECT $1, day::date, $4, 'closure' FROM generate_series($2::date, $3::date, '1 day') AS day
ON CONFLICT DO NOTHING RETURNING day, name, kind
"""
NEXT_ENTERED = "SELECT min(entered_at) FROM site_closures WHERE finished_at IS NULL"
NEXT = "SELECT * FROM site_closures WHERE finished_at IS NULL ORDER BY entered_at, id LIMIT 1"


class SessionNotHeld(Conflict, title="The session is not held"):
    """The program does not hold the session."""


class TooLateToCancel(Conflict, title="The session was too long ago"):
    """What was long ago is not changed any more."""


class NothingToCancel(Conflict, title="No session to cancel"):
    """No session of that day is still to be cancelled."""


class SessionTwice(Invalid, title="A session is listed twice"):
    """One session is in the list more than once."""


async def cancel_session(
    tx: Transaction, expected: int, session_id: UUID, new: schemas.Cancellation
) -> schemas.CancelledSession:
    """Say that the program does not hold a session; publishes SessionNotHeld for each client who
    was expected at it. Attendance recorded for it stays in its table and counts nowhere.

    Raises:
        NotFound: no such session that the caller may see.
        StaleVersion: it changed since the caller read it.
        SessionNotHeld: that was said before.
        TooLateToCancel: see `CancellationPolicy`.
    """
    site = await lock_site(tx, (await queries.show_session(tx, session_id)).site_id)
    (session,) = await tx.fetch(LOCK, [session_id], site.id)
    require_version(session["version"], expected)
    _require_cancellable(tx, session, None)
    (cancelled,) = await not_hold(tx, [session_id], new.reason)
    return cancelled


async def cancel_sessions(
    tx: Transaction, new: schemas.NewSessionCancellation
) -> schemas.SessionCancellation:
    """Say that the program does not hold these sessions of a site, or any of a day there; all or
    none. Publishes as `cancel_session` does, for each client in the order of the sessions.

    Raises:
        NotFound: no such site, or no such session there, that the caller may see.
        SessionTwice, SessionNotHeld, TooLateToCancel: with a pointer.
        NothingToCancel: a day without a session that is not cancelled yet.
    """
    site = await lock_site(tx, new.site_id, pointer="/site_id")
    asked = new.session_ids or []
    if new.day is not None:
        bounds = rules.day_bounds(new.day, site.time_zone)
        asked = [row["id"] for row in await tx.fetch(queries.TO_BE_HELD, site.id, *bounds, None)]
        if not asked:
            raise NothingToCancel("No session of that day is still to be held.", pointer="/day")
    require_once(asked, SessionTwice, "/session_ids/{}", "This session is listed above.")
    there = {row["id"]: row for row in await tx.fetch(LOCK, asked, site.id)}
    for index, session_id in enumerate(asked):
        pointer = "/day" if new.session_ids is None else f"/session_ids/{index}"
        session = found(there.get(session_id), "session at the site", pointer=pointer)
        _require_cancellable(tx, session, pointer)
    sessions = await not_hold(tx, asked, new.reason)
    what = {"site_id": site.id, "reason": new.reason, "not_held_at": tx.now}
    return schemas.SessionCancellation(**what, sessions=sessions)


def _require_cancellable(tx: Transaction, session: Record, pointer: str | None) -> None:
    if session["not_held_at"] is not None:
        raise SessionNotHeld("It is said already that this session is not held.", pointer=pointer)
    days = policy.cancellation_policy(session["site_id"]).days_afterwards
    if not rules.may_be_cancelled(session["starts_at"], session["time_zone"], tx.now, days):
        words = f"A session can be cancelled until {days} days after its own."
        raise TooLateToCancel(words, pointer=pointer)


async def not_hold(
    tx: Transaction, session_ids: Sequence[UUID], reason: told.NotHeldReason
) -> list[schemas.CancelledSession]:
    """Cancel sessions of a site that is locked, so that nobody is placed in them meanwhile. Who
    records attendance at the same time waits for it, or is waited for. Clients who have time now
    for a session of their cohort are expected at it."""
    await tx.execute(NOT_HELD, session_ids, tx.now, reason)
    taken = await free(tx, session_ids)
    clients: dict[UUID, list[UUID]] = {session_id: [] for session_id in session_ids}
    for row in await expected_at(tx, session_ids):
        clients[row["session_id"]].append(row["client_id"])
        publish(tx, told.SessionNotHeld(**row, reason=reason, not_held_at=tx.now))
    await expect_again(tx, {one.resource_id for one in taken if one.kind == "client"})
    sessions = await queries.sessions_by_id(tx, session_ids)
    return [schemas.CancelledSession(**dict(s), client_ids=clients[s.id]) for s in sessions]


async def add_site_closure(tx: Transaction, new: schemas.NewSiteClosure) -> schemas.SiteClosure:
    """Close a site for some days: from now on nothing is planned for them, and a job says of their
    sessions that they are not held, a day at a time. Publishes ClosedDaysChanged.

    Raises:
        NotFound: no such site that the caller may see.
        TimeIsPast: it would begin before today.
    """
    site = await lock_site(tx, new.site_id, pointer="/site_id")
    span = rules.days_to_come(new.first_day, new.last_day, site.time_zone, tx.now)
    if closed := await tx.fetch(CLOSE, site.id, new.first_day, new.last_day, new.reason):
        tell_days(tx, site.id, closed=closed)
    sessions = await tx.fetch(queries.TO_BE_HELD, site.id, *span, tx.now)
    counts = {"sessions": len(sessions), "sessions_done": 0}
    times = {"entered_at": tx.now, "finished_at": None}
    closure = schemas.SiteClosure(id=new_id(), **new.model_dump(), **counts, **times)
    await tx.execute(*insert("site_closures", closure.model_dump()))
    tx.wake()
    return closure


async def close_next_day(tx: Transaction) -> int:
    """Say of the sessions of the next day of a closure that they are not held; 0 when no closure is
    left. Each day is one transaction: whatever dies, everybody is told once.

    Publishes SessionNotHeld for each client who was expected.
    """
    if (row := await tx.fetchrow(NEXT)) is None:
        return 0
    site = await lock_site(tx, row["site_id"])
    closure = await queries.show_site_closure(tx, row["id"])
    if closure.finished_at is not None:
        return 1
    span = rules.day_bounds(closure.first_day, site.time_zone, closure.last_day)
    left = await tx.fetch(queries.TO_BE_HELD, site.id, *span, closure.entered_at)
    days = [day_at(one["starts_at"], site.time_zone) for one in left]
    day = [one["id"] for one, its in zip(left, days, strict=True) if its == days[0]]
    await not_hold(tx, day, closure.reason)
    # Done are all that are not left, also those that another closure or somebody took meanwhile.
    rest = len(left) - len(day)
    done = {"sessions_done": closure.sessions - rest, "finished_at": None if rest else tx.now}
    await tx.execute(*update("site_closures", done, where={"id": closure.id}, versioned=False))
    return 1
