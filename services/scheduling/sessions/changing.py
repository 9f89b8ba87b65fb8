"""Sessions to come at another time, with other staff, in another room, or beside the plan."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.scheduling.appointments import commands as appointments
from services.scheduling.appointments.queries import ASSIGNED, group_of, place_of
from services.scheduling.appointments.rules import Asked, Unsuited, own_group, require_suited
from services.scheduling.cohorts.queries import show_cohort
from services.scheduling.directory.commands import lock_site
from services.scheduling.directory.queries import closed_days
from services.scheduling.directory.schemas import Site
from services.scheduling.placement.queries import seats_of
from services.scheduling.sessions import queries, rules, schemas
from services.scheduling.sessions.cancelling import SessionNotHeld, not_hold
from services.scheduling.sessions.commands import Plan, SessionsOverlap, make_sessions
from services.scheduling.sessions.moving import LOCK_TO_COME, SPAN, lock_to_plan
from services.scheduling.units.commands import Planned, require_authorized
from shared.database import Record, Transaction, unless_taken, update
from shared.errors import Conflict, Invalid, found, pointing, require_version

CHANGED = """
UPDATE sessions s SET version = s.version + 1, modality = coalesce((
  SELECT CASE r.kind WHEN 'telehealth' THEN 'telehealth' ELSE 'in_person' END FROM rooms r
  WHERE r.id = given.room_id
), given.modality, s.modality)
FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS given(id, room_id, modality)
WHERE s.id = given.id
"""
LOCK = f"""
SELECT s.id, s.cohort_id, s.kind, s.starts_at, s.ends_at, s.modality, s.break_minutes,
  s.not_held_at, s.version, assigned.*, array(
    SELECT client_id FROM appointments WHERE session_id = s.id AND state = 'scheduled') AS clients
FROM sessions s {ASSIGNED} WHERE s.id = $1 FOR NO KEY UPDATE OF s
"""  # noqa: S608 - the part is ours
FORGET_CHECK_INS = "DELETE FROM check_ins WHERE session_id = $1"
"""Whoever came early for the former time is not there for the new one."""
PLAN = "SELECT site_id FROM curricula WHERE id = $1 AND cohort_id = $2"
LOCK_PLAN = """
SELECT materialized_until, materialize_at, version FROM curricula WHERE id = $1 FOR NO KEY UPDATE
"""
AFTER = """
SELECT id FROM sessions
WHERE cohort_id = $1 AND curriculum_id = $2 AND starts_at >= $3 AND not_held_at IS NULL
"""


class SessionBegan(Conflict, title="The session has begun"):
    """What has begun is not planned any more."""


class TimeIsPast(Invalid, title="That time is past"):
    """Sessions are planned for times to come."""


class PlanHasEnded(Invalid):
    """A plan that has ended is not made longer."""


class SiteClosed(Invalid, title="The site is closed on that day"):
    """The site is closed on that day."""


class BreaksTooLong(Invalid, title="The session would be no longer than its breaks"):
    """The breaks of the session are as long as all of it would be."""


async def change_session_time(
    tx: Transaction, expected: int, session_id: UUID, new: schemas.NewTime, by: str
) -> schemas.ScheduledSession:
    """Hold a session to come at another time, with its room, its staff and its clients. Publishes
    SessionScheduled for each client who is expected.

    Raises:
        NotFound, StaleVersion, SessionNotHeld, SessionBegan: see there.
        NoSuchTime, TimeShownTwice, TimeIsPast, SiteClosed, BreaksTooLong, Unsuited: the new time.
        SessionsOverlap: the cohort has another session then.
        UnitsExceeded: it goes beyond what a payer authorized, and no reason is given.
        Busy: the room, a person or a client has another session then.
    """
    site, session = await _current(tx, expected, session_id)
    before, ends = session["starts_at"], session["ends_at"]
    starts_at = await instant_to_come(tx, site, new)
    length = ends - before if new.minutes is None else timedelta(minutes=new.minutes)
    if length <= timedelta(minutes=session["break_minutes"]):
        raise BreaksTooLong("Give more minutes than its breaks have.", pointer="/minutes")
    asked = _asked(session, starts_at=starts_at, ends_at=starts_at + length)
    # Nobody is named in the request: it is the time that is to change.
    with pointing("/starts", Unsuited):
        await _require(tx, site, session, asked, "starts", "facilitator_id", "cofacilitator_ids")
    minutes = int(length / timedelta(minutes=1)) - session["break_minutes"]
    what = (session["kind"], starts_at, minutes, site.time_zone, session_id)
    planned = [Planned(one, site.id, *what) for one in session["clients"]]
    await require_authorized(tx, planned, reason=new.excess_reason, by=by)
    taken = await appointments.free(tx, [session_id])
    ends_at = starts_at + length
    times = {"starts_at": starts_at, "ends_at": ends_at, "local_start": new.local_start}
    with unless_taken(SessionsOverlap("The cohort has a session then.", pointer="/starts")):
        await tx.execute(*update("sessions", times, where={"id": session_id}))
    with pointing("/starts", appointments.Busy):
        await appointments.book(tx, taken)
    await tx.execute(SPAN, [session_id])
    moved = {session_id: before} if starts_at != before else None
    if moved:
        await tx.execute(FORGET_CHECK_INS, session_id)
    await appointments.tell_again(tx, [session_id], moved)
    if session["cohort_id"] is not None:
        seats = await seats_of(tx, session["cohort_id"])
        await appointments.schedule_sessions(tx, seats, never_expected=True)
    await appointments.expect_again(tx, {one.resource_id for one in taken if one.kind == "client"})
    return await queries.show_scheduled(tx, session_id)


async def change_session_staff(
    tx: Transaction, expected: int, session_id: UUID, new: schemas.Staff
) -> schemas.ScheduledSession:
    """Let others of the staff hold a session to come. Publishes as `assign` does.

    Raises:
        NotFound, StaleVersion, SessionNotHeld, SessionBegan, Unsuited, Busy: see there.
    """
    site, session = await _current(tx, expected, session_id)
    asked = _asked(session, **new.model_dump())
    return await _assign(tx, site, session, asked, "facilitator_id", "cofacilitator_ids")


async def change_session_room(
    tx: Transaction, expected: int, session_id: UUID, new: schemas.OtherRoom
) -> schemas.ScheduledSession:
    """Hold a session to come in another room, or by telehealth. Publishes as `assign` does.

    Raises:
        NotFound, StaleVersion, SessionNotHeld, SessionBegan, Unsuited, Busy: see there.
    """
    site, session = await _current(tx, expected, session_id)
    kept = session["modality"] if new.room_id is None else None
    asked = _asked(session, room_id=new.room_id, modality=new.modality or kept)
    return await _assign(tx, site, session, asked, "room_id")


async def assign(tx: Transaction, asked: Mapping[UUID, Asked]) -> None:
    """Give sessions to come these rooms and people in place of those they have, all or none; a
    session has the modality of its room, and without a room it is as given, or stays. Those that
    are not held or have begun are passed over.

    The caller has locked the sites, and has checked that rooms and people suit, as
    `require_suited` does. Publishes SessionScheduled once for each session and client who is
    expected at it.

    Raises:
        Busy: a room or a person is taken at the time by a session that is none of these. The
            transaction is to be given up.
    """
    rows = await tx.fetch(LOCK_TO_COME, list(asked), tx.now)
    given = {row["id"]: asked[row["id"]] for row in rows}
    await appointments.free(tx, list(given), clients=False)
    now = given.values()
    await tx.execute(CHANGED, list(given), [a.room_id for a in now], [a.modality for a in now])
    await appointments.book(tx, appointments.bookings_of(given))
    await appointments.tell_again(tx, list(given))


async def add_session(
    tx: Transaction, cohort_id: UUID, new: schemas.NewSession
) -> schemas.ScheduledSession:
    """Hold a session of a cohort beside its plan. Publishes SessionScheduled for each client.

    Raises:
        NotFound: no such cohort that the caller may see.
        NoSuchTime, TimeShownTwice, TimeIsPast, SiteClosed, Unsuited: see there.
        SessionsOverlap: the cohort has another session then.
        Busy: the room or a person has another session then.
    """
    site = await lock_to_plan(tx, (await show_cohort(tx, cohort_id)).site_id)
    starts_at = await instant_to_come(tx, site, new)
    ends_at = starts_at + timedelta(minutes=new.minutes)
    one = rules.PlannedSession(0, new.local_start, starts_at, ends_at)
    group, place = await group_of(tx, cohort_id), await place_of(tx, site)
    (session_id,) = await make_sessions(tx, Plan(None, cohort_id, [new], group, place), [one])
    return await queries.show_scheduled(tx, session_id)


async def complete_curriculum(
    tx: Transaction, expected: int, cohort_id: UUID, curriculum_id: UUID, new: schemas.EndOfPlan
) -> schemas.Curriculum:
    """End a plan with a day to come: sessions after it are not held, and none are made for it.
    Publishes SessionNotHeld for each client who was expected at one.

    Raises:
        NotFound, StaleVersion: see there.
        TimeIsPast: the plan was not to end before today.
        PlanHasEnded: see there.
    """
    plan = found(await tx.fetchrow(PLAN, curriculum_id, cohort_id), "curriculum")
    site = await lock_site(tx, plan["site_id"])
    plan = found(await tx.fetchrow(LOCK_PLAN, curriculum_id), "curriculum")
    require_version(plan["version"], expected)
    over = rules.day_bounds(new.last_day, site.time_zone)[1]
    if over <= tx.now:
        raise TimeIsPast("Give today or a day to come.", pointer="/last_day")
    ends: dict[str, Any] = {"ends_on": new.last_day}
    planned_until, after = plan["materialized_until"], new.last_day + timedelta(days=1)
    if planned_until is None or after <= planned_until:
        ends |= {"materialize_at": None, "materialized_until": after}
    elif plan["materialize_at"] is None:
        last = planned_until - timedelta(days=1)
        raise PlanHasEnded(f"It ends on {last}: give a day up to then.", pointer="/last_day")
    rest = [row["id"] for row in await tx.fetch(AFTER, cohort_id, curriculum_id, over)]
    await not_hold(tx, rest, new.reason)
    await tx.execute(*update("curricula", ends, where={"id": curriculum_id}))
    return await queries.show_curriculum(tx, cohort_id, curriculum_id)


async def _current(tx: Transaction, expected: int, session_id: UUID) -> tuple[Site, Record]:
    """The site, and the session to come, locked, with the `clients` who are expected."""
    site = await lock_to_plan(tx, (await queries.show_session(tx, session_id)).site_id)
    row = found(await tx.fetchrow(LOCK, session_id), "session")
    require_version(row["version"], expected)
    if row["not_held_at"] is not None:
        raise SessionNotHeld("The program does not hold this session: plan another one.")
    if row["starts_at"] <= tx.now:
        raise SessionBegan("It has begun: it stays as it was.")
    return site, row


def _asked(row: Record, **changes: object) -> Asked:
    """The session as the rules look at it, with changes."""
    return Asked(**{one.name: row[one.name] for one in fields(Asked)} | changes)


async def instant_to_come(tx: Transaction, site: Site, new: schemas.LocalTime) -> datetime:
    """When it is to begin, on a day on which the site is open.

    Raises:
        NoSuchTime, TimeShownTwice, TimeIsPast, SiteClosed: see there.
    """
    starts_at = rules.exact_instant(new.local_start, site.time_zone, new.fold)
    if starts_at <= tx.now:
        raise TimeIsPast("Give a time to come.", pointer="/day")
    closed = await closed_days(tx, site.id, new.day, new.day)
    for name in closed.values():
        raise SiteClosed(f"The site is closed on {new.day}: {name}.", pointer="/day")
    return starts_at


async def _require(tx: Transaction, site: Site, row: Record, asked: Asked, *only: str) -> None:
    if row["cohort_id"] is None:
        group = own_group(site.id, row["kind"], len(row["clients"]))
    else:
        group = await group_of(tx, row["cohort_id"])
    require_suited([("", asked)], group, await place_of(tx, site), only=only)


async def _assign(
    tx: Transaction, site: Site, row: Record, asked: Asked, *changed: str
) -> schemas.ScheduledSession:
    await _require(tx, site, row, asked, *changed)
    with pointing("/{0.field}", appointments.Busy):
        await assign(tx, {row["id"]: asked})
    return await queries.show_scheduled(tx, row["id"])
