"""From plans to sessions: all of a plan that ends, some weeks ahead of one that does not."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import orjson
import structlog

from services.scheduling.appointments.commands import schedule_sessions
from services.scheduling.bookings.checks import group_of, place_of
from services.scheduling.bookings.commands import Busy, book, book_free
from services.scheduling.bookings.rules import Asked, Group, Place, modality_of, violations
from services.scheduling.directory.commands import lock_sites
from services.scheduling.directory.queries import show_site
from services.scheduling.placement.commands import offer_seats
from services.scheduling.placement.queries import seats_of
from services.scheduling.sessions import metrics
from services.scheduling.sessions.assigning import Assignment
from services.scheduling.sessions.moving import plan_by_own_edition
from services.scheduling.sessions.policy import materializing_policy
from services.scheduling.sessions.rules import PlannedSession, instant_of, plan_between
from services.scheduling.sessions.schemas import Content, Slot
from shared.calendar import day_at
from shared.database import Columns, Transaction
from shared.errors import Conflict
from shared.ids import new_id

log = structlog.get_logger()

SESSIONS = Columns.of(
    id="uuid",
    site_id="uuid",
    cohort_id="uuid",
    curriculum_id="uuid",
    local_start="timestamp",
    starts_at="timestamptz",
    ends_at="timestamptz",
    time_zone="text",
    kind="text",
    topic="text",
    break_minutes="integer",
    module="integer",
    modality="text",
    phases="text",
)
INSERT = f"""
INSERT INTO sessions ({SESSIONS.names})
SELECT {SESSIONS.names}::integer[] FROM {SESSIONS.rows}
"""  # noqa: S608 - the columns are above
"""An array of arrays would be taken apart, so phases go as text; they are the last column."""
INSERT_FREE = f"{INSERT} ON CONFLICT DO NOTHING RETURNING id"
CLOSED = "SELECT day, name FROM closed_days WHERE site_id = $1 AND day >= $2 AND day < $3"
NEXT_DUE = "SELECT min(materialize_at) FROM curricula WHERE materialize_at IS NOT NULL"
DUE = """
SELECT id, site_id FROM curricula WHERE materialize_at <= $1 ORDER BY materialize_at, id LIMIT 1
"""
LOCK = """
SELECT cohort_id, starts_on, slots, materialized_until, ends_on FROM curricula
WHERE id = $1 AND materialize_at <= $2 FOR NO KEY UPDATE
"""
GREW = """
UPDATE curricula SET sessions = sessions + $2, last_ends_at = greatest(last_ends_at, $3),
  left_out = left_out || $4::jsonb, materialized_until = $5, materialize_at = $6,
  version = version + 1
WHERE id = $1
"""


class SessionsOverlap(Conflict):
    """The cohort has sessions at that time already."""

    title = "The cohort is busy then"


@dataclass(frozen=True, slots=True)
class Plan:
    """A curriculum whose sessions are planned; `group` and `place` are what its rooms and staff are
    held against."""

    curriculum_id: UUID | None
    cohort_id: UUID
    slots: Sequence[Content]
    group: Group
    place: Place
    pointer: str = "/slots/{}"
    """Where a slot stands in the request."""

    def asked(self, one: PlannedSession) -> Asked:
        """A session as the rules of room and staff look at it."""
        slot = self.slots[one.slot]
        people = tuple(slot.cofacilitator_ids)
        return Asked(
            one.starts_at, one.ends_at, slot.modality, slot.room_id, slot.facilitator_id, people
        )


async def closed_days(tx: Transaction, site_id: UUID, since: date, until: date) -> dict[date, str]:
    """The days, from `since` to before `until`, on which a site is closed, by their names."""
    return {row["day"]: row["name"] for row in await tx.fetch(CLOSED, site_id, since, until)}


def horizon(site_id: UUID, time_zone: str, starts_on: date, now: datetime) -> tuple[date, datetime]:
    """Until which day a plan without an end is materialized now, and when the next week is due: a
    week later, so that the weeks that the policy asks for are always there."""
    ahead = timedelta(weeks=materializing_policy(site_id).weeks_ahead)
    from_here = max(day_at(now, time_zone), starts_on)
    due = instant_of(from_here + timedelta(weeks=1), time(), ZoneInfo(time_zone))
    return from_here + ahead + timedelta(weeks=1), due


async def make_sessions(
    tx: Transaction, plan: Plan, planned: Sequence[PlannedSession]
) -> list[UUID]:
    """Write these sessions, which suit, with their rooms and staff, and expect the cohort's
    clients.

    Raises:
        SessionsOverlap: the cohort has a session at the time of one. The transaction is over.
        Busy: a room or a person is taken at the time of one; the pointer names its slot.
    """
    rows = _rows(plan, [(one, plan.asked(one)) for one in planned])
    try:
        await tx.execute(INSERT, *SESSIONS.arrays(rows))
    except asyncpg.ExclusionViolationError:
        raise SessionsOverlap("The cohort has a session at the time of one of these.") from None
    slot_of = {row["id"]: one.slot for row, one in zip(rows, planned, strict=True)}
    try:
        await book(tx, (booking for row in rows for booking in row["assignment"].bookings))
    except Busy as busy:
        slot = slot_of[busy.taken[0].session_id]
        busy.pointer = f"{plan.pointer.format(slot)}/{busy.field}"
        raise
    await schedule_sessions(tx, await seats_of(tx, plan.cohort_id), never_expected=True)
    return list(slot_of)


async def materialize_next(tx: Transaction) -> int:
    """Make the sessions of the next week of a plan without an end, or with one beyond what there
    is of it, that is due; 0 when none is.

    Where the cohort has another session by now, none is made; a room or a person that no longer
    suits or is taken is left out of the session. Both are logged and counted, as nobody is there to
    be refused: the sessions are shown without room or facilitator.
    """
    due = await tx.fetchrow(DUE, tx.now)
    if due is None:
        return 0
    site = await show_site(tx, due["site_id"])
    await lock_sites(tx, [site.id])
    row = await tx.fetchrow(LOCK, due["id"], tx.now)
    if row is None:
        return 1
    await plan_by_own_edition(tx, site.id)
    slots = [Slot(**slot) for slot in orjson.loads(row["slots"])]
    plan = Plan(
        due["id"],
        row["cohort_id"],
        slots,
        await group_of(tx, row["cohort_id"]),
        await place_of(tx, site),
    )
    since = row["materialized_until"]
    until, next_due = horizon(site.id, site.time_zone, row["starts_on"], tx.now)
    if is_last := row["ends_on"] is not None and until > row["ends_on"]:
        until = row["ends_on"] + timedelta(days=1)
    until = max(since, until)
    clock = [slot.on_wall_clock for slot in slots]
    planned = plan_between(row["starts_on"], since, until, clock, site.time_zone)
    closed = await closed_days(tx, site.id, since, until)
    held = [one for one in planned if one.local_start.date() not in closed]
    rows = _rows(plan, [(one, _suiting(plan.asked(one), plan)) for one in held])
    written = {one["id"] for one in await tx.fetch(INSERT_FREE, *SESSIONS.arrays(rows))}
    made = [one for one in rows if one["id"] in written]
    bookings = [booking for one in made for booking in one["assignment"].bookings]
    booked = len(bookings) - len(await book_free(tx, bookings))
    if lacking := sum(len(list(_assignment(one["id"], one).bookings)) for one in made) - booked:
        metrics.not_assigned.inc(lacking)
        log.warning("sessions_not_assigned", curriculum_id=str(due["id"]), lacking=lacking)
    if failed := len(rows) - len(made):
        log.warning("sessions_not_made", curriculum_id=str(due["id"]), sessions=failed)
    last = max((one["ends_at"] for one in made), default=None)
    closed_then, next_at = left_out(planned, closed), None if is_last else next_due
    await tx.execute(GREW, due["id"], len(made), last, closed_then, until, next_at)
    await schedule_sessions(tx, await seats_of(tx, plan.cohort_id), never_expected=True)
    await offer_seats(tx, {site.id: None})
    return 1


def left_out(planned: Sequence[PlannedSession], closed: dict[date, str]) -> str:
    """The closed days on which a plan would have had sessions, as they are stored."""
    days = sorted({one.local_start.date() for one in planned} & set(closed))
    return orjson.dumps([{"day": day, "name": closed[day]} for day in days]).decode()


def _suiting(asked: Asked, plan: Plan) -> Asked:
    """The session without what does not suit."""
    given = asdict(asked)
    for wrong in violations(asked, plan.group, plan.place):
        if wrong.field != "starts":
            given[wrong.field] = () if wrong.field == "cofacilitator_ids" else None
    return Asked(**given)


def _assignment(session_id: UUID, given: Mapping[str, Any]) -> Assignment:
    people = given["facilitator_id"], tuple(given["cofacilitator_ids"])
    return Assignment(session_id, given["room_id"], *people)


def _rows(plan: Plan, sessions: Sequence[tuple[PlannedSession, Asked]]) -> list[dict[str, Any]]:
    """The rows of these sessions, each with its assignment beside."""
    place = {
        "site_id": plan.place.site_id,
        "cohort_id": plan.cohort_id,
        "curriculum_id": plan.curriculum_id,
        "time_zone": plan.place.time_zone,
    }
    rows = []
    for one, asked in sessions:
        slot, session_id = plan.slots[one.slot], new_id()
        made = {
            "id": session_id,
            "modality": modality_of(asked.modality, asked.room_id, plan.place),
            "phases": slot.phases and f"{{{','.join(map(str, slot.phases))}}}",
            "assignment": _assignment(session_id, asdict(asked)),
        }
        rows.append({**dict(slot), **asdict(one), **place, **made})
    return rows
