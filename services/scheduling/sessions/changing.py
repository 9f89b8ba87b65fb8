"""Sessions to come at another time, with other staff, in another room, or beside the plan; and
those that move because of newer zone rules. Whoever is expected is told."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import structlog
from prometheus_client import Counter

from services.scheduling.appointments import commands as appointments
from services.scheduling.appointments.queries import group_of, place_of
from services.scheduling.appointments.rules import Asked, Unsuited, own_group, require_suited
from services.scheduling.cohorts.queries import show_cohort
from services.scheduling.directory.commands import lock_site, lock_sites
from services.scheduling.directory.queries import closed_days
from services.scheduling.directory.schemas import Site
from services.scheduling.placement.queries import seats_of
from services.scheduling.sessions import commands, queries, rules, schemas
from services.scheduling.sessions.cancelling import LOCK, SessionNotHeld, not_hold
from services.scheduling.units.commands import Planned, require_authorized
from shared.database import Record, Transaction, unless_taken, update
from shared.errors import Conflict, Invalid, found, pointing, require_version
from shared.zones import edition, is_newer

log = structlog.get_logger()
not_moved = Counter(
    "stepwell_sessions_not_moved_total",
    "Sessions that kept their instant after a change of zone rules, as others stood in the way.",
)

ALL_OF = """
SELECT min(zone_edition) = $1 AND max(zone_edition) = $1
  AND NOT EXISTS (SELECT FROM sites WHERE zone_edition IS NULL) FROM sites
"""
"""Read from the ends of an index, however many sites there are: jobs ask after each commit."""
SITES = "SELECT * FROM sites WHERE zone_edition IS DISTINCT FROM $1 ORDER BY time_zone, id"
TO_COME = """
SELECT id, coalesce(cohort_id, id) AS cohort_id, local_start, time_zone, starts_at FROM sessions
WHERE site_id = ANY ($1::uuid[]) AND starts_at > $2 AND not_held_at IS NULL
  AND local_start IS NOT NULL ORDER BY starts_at, id
"""
"""A session without a cohort moves by itself."""
LOCK_TO_COME = """
SELECT id, starts_at FROM sessions
WHERE id = ANY ($1::uuid[]) AND starts_at > $2 AND not_held_at IS NULL
ORDER BY id FOR NO KEY UPDATE
"""
MOVE = """
UPDATE sessions SET starts_at = $2, ends_at = ends_at + ($2::timestamptz - starts_at),
  version = version + 1 WHERE id = $1
"""
SPAN = """
UPDATE curricula c SET (first_starts_at, last_ends_at) = (
  SELECT min(starts_at), max(ends_at) FROM sessions WHERE curriculum_id = c.id
) WHERE id IN (SELECT curriculum_id FROM sessions WHERE id = ANY ($1::uuid[]))
"""
CHANGED = """
UPDATE sessions s SET version = s.version + 1, modality = coalesce((
  SELECT CASE r.kind WHEN 'telehealth' THEN 'telehealth' ELSE 'in_person' END FROM rooms r
  WHERE r.id = g.room_id
), g.modality, s.modality)
FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS g(id, room_id, modality) WHERE s.id = g.id
"""
PLAN = "SELECT site_id FROM curricula WHERE id = $1 AND cohort_id = $2"
LOCK_PLAN = "SELECT * FROM curricula WHERE id = $1 FOR NO KEY UPDATE"
Changes = dict[str, Any]
AFTER = """
SELECT id FROM sessions
WHERE cohort_id = $1 AND curriculum_id = $2 AND starts_at >= $3 AND not_held_at IS NULL
"""


class SessionBegan(Conflict, title="The session has begun"):
    """What has begun is not planned any more."""


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
    before, starts_at = session["starts_at"], await instant_to_come(tx, site, new)
    length = session["ends_at"] - before if new.minutes is None else timedelta(minutes=new.minutes)
    if length <= (breaks := timedelta(minutes=session["break_minutes"])):
        raise BreaksTooLong("Give more minutes than its breaks have.", pointer="/minutes")
    times: Changes = {"starts_at": starts_at, "ends_at": starts_at + length}
    # Nobody is named in the request: it is the time that is to change.
    with pointing("/starts", Unsuited):
        await _suited(tx, site, session, times, "starts", "facilitator_id", "cofacilitator_ids")
    minutes = (length - breaks) // timedelta(minutes=1)
    what = (session["kind"], starts_at, minutes, site.time_zone, session_id)
    planned = [Planned(one, site.id, *what) for one in session["clients"]]
    await require_authorized(tx, planned, reason=new.excess_reason, by=by)
    taken = await appointments.free(tx, [session_id])
    times["local_start"] = new.local_start
    overlap = commands.SessionsOverlap("The cohort has a session then.", pointer="/starts")
    with unless_taken(overlap):
        await tx.execute(*update("sessions", times, where={"id": session_id}))
    with pointing("/starts", appointments.Busy):
        await appointments.book(tx, taken)
    await tx.execute(SPAN, [session_id])
    moved = {session_id: before} if starts_at != before else None
    if moved:  # whoever came early for the former time is not there for the new one
        await tx.execute("DELETE FROM check_ins WHERE session_id = $1", session_id)
    await appointments.tell_again(tx, [session_id], moved)
    if session["cohort_id"] is not None:
        seats = await seats_of(tx, session["cohort_id"])
        await appointments.schedule_sessions(tx, seats, never_expected=True)
    await appointments.expect_again(tx, {one.resource_id for one in taken if one.kind == "client"})
    return await queries.show_scheduled(tx, session_id)


async def assign_session(
    tx: Transaction, expected: int, session_id: UUID, new: schemas.Staff | schemas.OtherRoom
) -> schemas.ScheduledSession:
    """Let others of the staff hold a session to come, or hold it in another room or by telehealth.
    Only what is named has to suit. Publishes as `assign` does.

    Raises:
        NotFound, StaleVersion, SessionNotHeld, SessionBegan, Unsuited, Busy: see there.
    """
    site, session = await _current(tx, expected, session_id)
    given = new.model_dump()
    asked = await _suited(tx, site, session, given, *given)
    with pointing("/{0.field}", appointments.Busy):
        await assign(tx, {session_id: asked})
    return await queries.show_scheduled(tx, session_id)


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
    site = await commands.lock_to_plan(tx, (await show_cohort(tx, cohort_id)).site_id)
    starts_at = await instant_to_come(tx, site, new)
    ends_at = starts_at + timedelta(minutes=new.minutes)
    one = rules.PlannedSession(0, new.local_start, starts_at, ends_at)
    plan = await commands.plan_of(tx, site, cohort_id, [new], None)
    (session_id,) = await commands.make_sessions(tx, plan, [one])
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
        raise rules.TimeIsPast("Give today or a day to come.", pointer="/last_day")
    ends: Changes = {"ends_on": new.last_day}
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
    site = await commands.lock_to_plan(tx, (await queries.show_session(tx, session_id)).site_id)
    (row,) = await tx.fetch(LOCK, [session_id], site.id)
    require_version(row["version"], expected)
    if row["not_held_at"] is not None:
        raise SessionNotHeld("The program does not hold this session: plan another one.")
    if row["starts_at"] <= tx.now:
        raise SessionBegan("It has begun: it stays as it was.")
    return site, row


async def instant_to_come(tx: Transaction, site: Site, new: schemas.LocalTime) -> datetime:
    """When it is to begin, on a day on which the site is open.

    Raises:
        NoSuchTime, TimeShownTwice, TimeIsPast, SiteClosed: see there.
    """
    starts_at = rules.exact_instant(new.local_start, site.time_zone, new.fold)
    if starts_at <= tx.now:
        raise rules.TimeIsPast("Give a time to come.", pointer="/day")
    closed = await closed_days(tx, site.id, new.day, new.day)
    for name in closed.values():
        raise SiteClosed(f"The site is closed on {new.day}: {name}.", pointer="/day")
    return starts_at


async def _suited(tx: Transaction, site: Site, row: Record, new: Changes, *only: str) -> Asked:
    """The session with what is new, of which the fields `only` suit."""
    asked = Asked(**{one.name: row[one.name] for one in fields(Asked)} | new)
    if row["cohort_id"] is None:
        group = own_group(site.id, row["kind"], len(row["clients"]))
    else:
        group = await group_of(tx, row["cohort_id"])
    require_suited([("", asked)], group, await place_of(tx, site), only=only)
    return asked


async def next_due(tx: Transaction) -> datetime | None:
    """Now, where sessions of a site are to be looked at by this process's edition of the rules."""
    is_behind = not await tx.fetchval(ALL_OF, edition()) and await sites_behind(tx)
    return tx.now if is_behind else None


async def sites_behind(tx: Transaction) -> list[UUID]:
    """All sites of a zone whose sessions are to be looked at; none where there is no such zone."""
    others = await tx.fetch(SITES, edition())
    behind = [row for row in others if is_newer(edition(), row["zone_edition"])]
    return [row["id"] for row in behind if row["time_zone"] == behind[0]["time_zone"]]


async def follow_zone_rules(tx: Transaction) -> int:
    """Give each session to come at the sites of a zone the instant at which, by today's rules, the
    clock on the wall shows its time; how many sites were looked at. All of them move together, so
    that none stands in the way of another; publishes SessionScheduled anew for each client who is
    expected, in the order of the sessions.

    Once an edition of the rules: a process with an older edition moves nothing back. A cohort of
    which a session would overlap one that does not move, of the cohort, its room, its staff or a
    client, keeps its instants, and is logged and counted: plan it anew.
    """
    found = await sites_behind(tx)
    await lock_sites(tx, found)
    sites = [one for one in await sites_behind(tx) if one in found]  # now that they are locked
    moving: dict[UUID, dict[UUID, datetime]] = {}
    for row in await tx.fetch(TO_COME, sites, tx.now):
        wall = row["local_start"]
        zone = ZoneInfo(row["time_zone"])
        starts_at = rules.instant_of(wall.date(), wall.time(), zone)
        shows = row["starts_at"].astimezone(zone).replace(tzinfo=None)
        if starts_at != row["starts_at"] and shows != wall:  # not the second of a time shown twice
            moving.setdefault(row["cohort_id"], {})[row["id"]] = starts_at
    while moving:
        await tx.execute("SAVEPOINT together")
        if not (stuck := await _move(tx, moving)):
            break
        await tx.execute("ROLLBACK TO SAVEPOINT together")
        for cohort_id in stuck:
            starts = moving.pop(cohort_id)
            not_moved.inc(len(starts))
            log.error("sessions_not_moved", cohort_id=str(cohort_id), sessions=len(starts))
    await tx.execute(commands.LOOKED, sites, edition())
    return len(found)


async def _move(tx: Transaction, moving: Mapping[UUID, Mapping[UUID, datetime]]) -> set[UUID]:
    """Begin the sessions of these cohorts at other instants; they last as long as before. Cohorts
    of which something that does not move is in the way of a session: then this is to be undone."""
    starts = {one: at for of in moving.values() for one, at in of.items()}
    rows = await tx.fetch(LOCK_TO_COME, list(starts), tx.now)
    before = {row["id"]: row["starts_at"] for row in rows}
    taken = await appointments.free(tx, list(before))
    for cohort_id, of in moving.items():
        later = sorted((one for one in of if of[one] > before[one]), key=of.__getitem__)
        earlier = sorted((one for one in of if of[one] < before[one]), key=of.__getitem__)
        # Of sessions end to end the one ahead makes room first.
        order = (*reversed(later), *earlier)
        try:
            await tx.executemany(MOVE, [(one, of[one]) for one in order])
        except asyncpg.ExclusionViolationError:
            return {cohort_id}
    try:
        await appointments.book(tx, taken)
    except appointments.Busy as busy:
        asked = {one.session_id for one in busy.taken}
        return {cohort for cohort, of in moving.items() if asked & of.keys()}
    await tx.execute(SPAN, list(before))
    await appointments.tell_again(tx, list(before), before)
    return set()
