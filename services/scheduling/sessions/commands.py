"""Giving a cohort its curriculum, and from plans to sessions: all of a plan that ends, some weeks
ahead of one that does not."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import structlog
from prometheus_client import Counter

from services.scheduling.appointments import commands as appointments
from services.scheduling.appointments import rules
from services.scheduling.appointments.queries import group_of, place_of
from services.scheduling.cohorts.queries import show_cohort
from services.scheduling.directory.queries import closed_days
from services.scheduling.hours.policy import session_kinds
from services.scheduling.placement.commands import offer_seats
from services.scheduling.placement.queries import seats_of
from services.scheduling.sessions.moving import lock_to_plan
from services.scheduling.sessions.policy import materializing_policy
from services.scheduling.sessions.queries import show_curriculum
from services.scheduling.sessions.rules import PlannedSession, overlapping_slot, plan_between
from services.scheduling.sessions.schemas import Content, Curriculum, NewCurriculum, Slot
from shared.calendar import day_at, midnight
from shared.database import Columns, Transaction, insert, unless_taken
from shared.errors import Conflict, Invalid
from shared.ids import new_id

log = structlog.get_logger()
not_assigned = Counter(
    "stepwell_sessions_not_assigned_total",
    "Rooms and people that a plan without an end names and that were not free for its sessions.",
)

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


class SlotsOverlap(Invalid):
    """Two slots of one plan would be held at the same time."""


class TooLongAgo(Invalid, title="That is too long ago"):
    """A plan without an end would have sessions of more than a year ago."""


class NothingPlanned(Invalid, title="The plan has no session"):
    """The plan has no session."""


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
        people = slot.facilitator_id, slot.cofacilitator_ids
        return rules.Asked(one.starts_at, one.ends_at, slot.modality, slot.room_id, *people)


def horizon(site_id: UUID, time_zone: str, starts_on: date, now: datetime) -> tuple[date, datetime]:
    """Until which day a plan without an end is materialized now, and when the next week is due: a
    week later, so that the weeks that the policy asks for are always there."""
    ahead = timedelta(weeks=materializing_policy(site_id).weeks_ahead)
    next_week = max(day_at(now, time_zone), starts_on) + timedelta(weeks=1)
    return next_week + ahead, midnight(next_week, time_zone)


async def add_curriculum(tx: Transaction, cohort_id: UUID, new: NewCurriculum) -> Curriculum:
    """Turn a weekly plan into sessions, and expect the cohort's clients at those to come. Days on
    which the site is closed are left out.

    Publishes SessionScheduled for each client and session that has not started. Seats that the new
    sessions open go to those who wait.

    Raises:
        NotFound: when there is no such cohort that the caller may see.
        SlotsOverlap: when slots of the plan overlap.
        TooLongAgo: when a plan without an end starts more than a year ago.
        NothingPlanned: when no day is left.
        Unsuited: when a slot breaks a rule of opening hours, its room or its staff.
        SessionsOverlap: when the cohort has a session at the time of one of these.
        Busy: when the room or a person of a slot is taken then.
    """
    site = await lock_to_plan(tx, (await show_cohort(tx, cohort_id)).site_id)
    until, due = horizon(site.id, site.time_zone, new.starts_on, tx.now)
    if new.weeks is not None:
        until = new.starts_on + timedelta(weeks=new.weeks)
    elif new.starts_on < day_at(tx.now, site.time_zone) - timedelta(weeks=52):
        raise TooLongAgo("Give a day of the last 52 weeks, or later.", pointer="/starts_on")
    clock = [slot.on_wall_clock for slot in new.slots]
    planned = plan_between(new.starts_on, new.starts_on, until, clock, site.time_zone)
    if (slot := overlapping_slot(planned)) is not None:
        raise SlotsOverlap("This slot begins before another ends.", pointer=f"/slots/{slot}")
    closed = await closed_days(tx, site.id, new.starts_on, until)
    sessions = [one for one in planned if one.local_start.date() not in closed]
    if not sessions:
        raise NothingPlanned("No day of it is left on which the site is open.", pointer="/slots")
    curriculum_id, group, place = new_id(), await group_of(tx, cohort_id), await place_of(tx, site)
    slots = [
        slot.model_copy(update={"modality": rules.modality_of(slot.modality, slot.room_id, place)})
        for slot in new.slots
    ]
    plan = Plan(curriculum_id, cohort_id, slots, group, place)
    counting = session_kinds(site.id).counting
    counted = [slots[one.slot] for one in planned if slots[one.slot].kind in counting]
    minutes = sum(slot.minutes - slot.break_minutes for slot in counted)
    curriculum = {
        "id": curriculum_id,
        "site_id": site.id,
        "cohort_id": cohort_id,
        **new.model_dump(include={"starts_on", "weeks"}),
        "slots": orjson.dumps([slot.model_dump(mode="json") for slot in slots]).decode(),
        "sessions": len(sessions),
        "first_starts_at": sessions[0].starts_at,
        "last_ends_at": max(session.ends_at for session in sessions),
        "weekly_minutes": minutes * 7 // (until - new.starts_on).days,
        "left_out": left_out(planned, closed),
        "materialized_until": until if new.weeks is None else None,
        "materialize_at": due if new.weeks is None else None,
        "created_at": tx.now,
    }
    await tx.execute(*insert("curricula", curriculum))
    await make_sessions(tx, plan, sessions)
    return await show_curriculum(tx, cohort_id, curriculum_id)


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
        await appointments.book(tx, _bookings(rows, "asked"))
    except appointments.Busy as busy:
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
    site = await lock_to_plan(tx, due["site_id"])
    row = await tx.fetchrow(LOCK, due["id"], tx.now)
    if row is None:
        return 1
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
    wanted, asked = _bookings(made, "wanted"), _bookings(made, "asked")
    if lacking := len(wanted) - await appointments.book_free(tx, asked):
        not_assigned.inc(lacking)
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
    seats = await seats_of(tx, plan.cohort_id)
    await appointments.schedule_sessions(tx, seats, never_expected=True)
    await offer_seats(tx, {plan.place.site_id: None})


def _suiting(asked: rules.Asked, plan: Plan) -> rules.Asked:
    """The session without what does not suit."""
    wrong = {one.field for one in rules.violations(asked, plan.group, plan.place)} - {"starts"}
    nothing: dict[str, Any] = {one: () if one == "cofacilitator_ids" else None for one in wrong}
    return replace(asked, **nothing)


def _rows(
    plan: Plan, planned: Sequence[PlannedSession], asked: Sequence[rules.Asked]
) -> list[dict[str, Any]]:
    """The rows of these sessions, each with what is asked for it and what its slot wants."""
    place = {"site_id": plan.place.site_id, "time_zone": plan.place.time_zone}
    whose = {"cohort_id": plan.cohort_id, "curriculum_id": plan.curriculum_id}
    rows = []
    for one, given in zip(planned, asked, strict=True):
        slot = plan.slots[one.slot]
        made = {
            "id": new_id(),
            "modality": rules.modality_of(given.modality, given.room_id, plan.place),
            "phases": slot.phases and f"{{{','.join(map(str, slot.phases))}}}",
            "asked": given,
            "wanted": plan.asked(one),
        }
        rows.append({**dict(slot), **asdict(one), **place, **whose, **made})
    return rows


def _bookings(rows: Iterable[Mapping[str, Any]], which: str) -> list[appointments.Booking]:
    return list(appointments.bookings_of({row["id"]: row[which] for row in rows}))
