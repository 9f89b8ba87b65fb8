"""From plans to sessions: all of a plan that ends, some weeks ahead of one that does not."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import structlog

from services.scheduling.appointments.commands import schedule_sessions
from services.scheduling.bookings import rules
from services.scheduling.bookings.commands import Busy, book, book_free
from services.scheduling.bookings.queries import group_of, place_of
from services.scheduling.closed_days.queries import closed_days
from services.scheduling.directory.commands import lock_site
from services.scheduling.placement.commands import offer_seats
from services.scheduling.placement.queries import seats_of
from services.scheduling.sessions import metrics
from services.scheduling.sessions.assigning import Assignment
from services.scheduling.sessions.moving import plan_by_own_edition
from services.scheduling.sessions.policy import materializing_policy
from services.scheduling.sessions.rules import PlannedSession, plan_between
from services.scheduling.sessions.schemas import Content, Slot
from shared.calendar import day_at, midnight
from shared.database import Columns, Transaction, unless_taken
from shared.errors import Conflict
from shared.ids import new_id

log = structlog.get_logger()

SESSIONS = Columns.by_type(
    uuid="id site_id cohort_id curriculum_id",
    timestamp="local_start",
    timestamptz="starts_at ends_at",
    integer="break_minutes module",
    text="time_zone kind topic modality phases",
)
INSERT = f"""
INSERT INTO sessions ({SESSIONS.names})
SELECT {SESSIONS.names}::integer[] FROM {SESSIONS.rows}
"""  # noqa: S608 - the columns are above
"""An array of arrays would be taken apart, so phases go as text; they are the last column."""
INSERT_FREE = f"{INSERT} ON CONFLICT DO NOTHING RETURNING id"
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


class SessionsOverlap(Conflict, title="The cohort is busy then"):
    """The cohort has sessions at that time already."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A curriculum whose sessions are planned; `group` and `place` are what its rooms and staff are
    held against."""

    curriculum_id: UUID | None
    cohort_id: UUID
    slots: Sequence[Content]
    group: rules.Group
    place: rules.Place

    def pointer(self, slot: int) -> str:
        """Where a slot stands in the request: of a session without a curriculum it is all of it."""
        return "" if self.curriculum_id is None else f"/slots/{slot}"

    def asked(self, one: PlannedSession) -> rules.Asked:
        """A session as the rules of room and staff look at it."""
        slot = self.slots[one.slot]
        what = (slot.modality, slot.room_id, slot.facilitator_id, tuple(slot.cofacilitator_ids))
        return rules.Asked(one.starts_at, one.ends_at, *what)


def horizon(site_id: UUID, time_zone: str, starts_on: date, now: datetime) -> tuple[date, datetime]:
    """Until which day a plan without an end is materialized now, and when the next week is due: a
    week later, so that the weeks that the policy asks for are always there."""
    ahead = timedelta(weeks=materializing_policy(site_id).weeks_ahead)
    next_week = max(day_at(now, time_zone), starts_on) + timedelta(weeks=1)
    return next_week + ahead, midnight(next_week, time_zone)


async def make_sessions(
    tx: Transaction, plan: Plan, planned: Sequence[PlannedSession]
) -> list[UUID]:
    """Write these sessions with their rooms and staff, and expect the cohort's clients. Seats that
    they open go to those who wait.

    Raises:
        Unsuited: one breaks a rule of opening hours, its room or its staff.
        SessionsOverlap: the cohort has a session at the time of one. The transaction is over.
        Busy: a room or a person is taken at the time of one; the pointer names its slot.
    """
    asked = [plan.asked(one) for one in planned]
    places = [plan.pointer(one.slot) for one in planned]
    rules.require_suited(zip(places, asked, strict=True), plan.group, plan.place)
    rows = _rows(plan, planned, asked)
    overlap = "The cohort has a session at the time of one of these."
    at = "/starts" if plan.curriculum_id is None else "/slots"
    with unless_taken(SessionsOverlap(overlap, pointer=at)):
        await tx.execute(INSERT, *SESSIONS.arrays(rows))
    place_of = {row["id"]: place for row, place in zip(rows, places, strict=True)}
    try:
        await book(tx, (booking for row in rows for booking in row["assignment"].bookings))
    except Busy as busy:
        busy.pointer = f"{place_of[busy.taken[0].session_id]}/{busy.field}"
        raise
    await _give(tx, plan)
    return list(place_of)


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
    site = await lock_site(tx, due["site_id"])
    row = await tx.fetchrow(LOCK, due["id"], tx.now)
    if row is None:
        return 1
    await plan_by_own_edition(tx, site.id)
    slots = [Slot(**slot) for slot in orjson.loads(row["slots"])]
    group, place = await group_of(tx, row["cohort_id"]), await place_of(tx, site)
    plan = Plan(due["id"], row["cohort_id"], slots, group, place)
    since = row["materialized_until"]
    until, next_due = horizon(site.id, site.time_zone, row["starts_on"], tx.now)
    if is_last := row["ends_on"] is not None and until > row["ends_on"]:
        until = row["ends_on"] + timedelta(days=1)
    until = max(since, until)
    clock = [slot.on_wall_clock for slot in slots]
    planned = plan_between(row["starts_on"], since, until, clock, site.time_zone)
    closed = await closed_days(tx, site.id, since, until)
    held = [one for one in planned if one.local_start.date() not in closed]
    rows = _rows(plan, held, [_suiting(plan.asked(one), plan) for one in held])
    written = {one["id"] for one in await tx.fetch(INSERT_FREE, *SESSIONS.arrays(rows))}
    made = [one for one in rows if one["id"] in written]
    bookings = [booking for one in made for booking in one["assignment"].bookings]
    booked = await book_free(tx, bookings)
    if lacking := sum(len(list(one["wanted"].bookings)) for one in made) - booked:
        metrics.not_assigned.inc(lacking)
        log.warning("sessions_not_assigned", curriculum_id=str(due["id"]), lacking=lacking)
    if failed := len(rows) - len(made):
        log.warning("sessions_not_made", curriculum_id=str(due["id"]), sessions=failed)
    last = max((one["ends_at"] for one in made), default=None)
    closed_then, next_at = left_out(planned, closed), None if is_last else next_due
    await tx.execute(GREW, due["id"], len(made), last, closed_then, until, next_at)
    await _give(tx, plan)
    return 1


def left_out(planned: Sequence[PlannedSession], closed: dict[date, str]) -> str:
    """The closed days on which a plan would have had sessions, as they are stored."""
    days = sorted({one.local_start.date() for one in planned} & set(closed))
    return orjson.dumps([{"day": day, "name": closed[day]} for day in days]).decode()


async def _give(tx: Transaction, plan: Plan) -> None:
    """Expect the cohort's clients at its new sessions, and offer the seats that they open."""
    await schedule_sessions(tx, await seats_of(tx, plan.cohort_id), never_expected=True)
    await offer_seats(tx, {plan.place.site_id: None})


def _suiting(asked: rules.Asked, plan: Plan) -> rules.Asked:
    """The session without what does not suit."""
    wrong = {one.field for one in rules.violations(asked, plan.group, plan.place)} - {"starts"}
    nothing: dict[str, Any] = {one: () if one == "cofacilitator_ids" else None for one in wrong}
    return replace(asked, **nothing)


def _rows(
    plan: Plan, planned: Sequence[PlannedSession], asked: Sequence[rules.Asked]
) -> list[dict[str, Any]]:
    """The rows of these sessions, each with its assignment beside, and what its slot wants."""
    place = {
        "site_id": plan.place.site_id,
        "cohort_id": plan.cohort_id,
        "curriculum_id": plan.curriculum_id,
        "time_zone": plan.place.time_zone,
    }
    rows = []
    for one, given in zip(planned, asked, strict=True):
        slot, session_id = plan.slots[one.slot], new_id()
        made = {
            "id": session_id,
            "modality": rules.modality_of(given.modality, given.room_id, plan.place),
            "phases": slot.phases and f"{{{','.join(map(str, slot.phases))}}}",
            "assignment": Assignment.of(session_id, given),
            "wanted": Assignment.of(session_id, plan.asked(one)),
        }
        rows.append({**dict(slot), **asdict(one), **place, **made})
    return rows
