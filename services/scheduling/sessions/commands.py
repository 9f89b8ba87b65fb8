"""Giving a cohort its curriculum, and from plans to sessions: all of a plan that ends, some weeks
ahead of one that does not."""

from collections.abc import Mapping, Sequence
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
from services.scheduling.directory.commands import lock_site
from services.scheduling.directory.queries import closed_days
from services.scheduling.directory.schemas import Site
from services.scheduling.hours.policy import session_kinds
from services.scheduling.placement.commands import offer_seats
from services.scheduling.placement.queries import seats_of
from services.scheduling.sessions.policy import materializing_policy
from services.scheduling.sessions.queries import show_curriculum
from services.scheduling.sessions.rules import PlannedSession, overlapping_slot, plan_between
from services.scheduling.sessions.schemas import Content, Curriculum, NewCurriculum, Slot
from shared.calendar import day_at, midnight
from shared.database import Columns, Transaction, as_json, insert, unless_taken
from shared.errors import Conflict, Invalid
from shared.ids import new_id
from shared.zones import edition, is_newer

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
EDITION = "SELECT zone_edition FROM sites WHERE id = $1"
LOOKED = "UPDATE sites SET zone_edition = $2 WHERE id = ANY ($1::uuid[])"
NEXT_DUE = "SELECT min(materialize_at) FROM curricula WHERE materialize_at IS NOT NULL"
DUE = """
SELECT id, site_id FROM curricula WHERE materialize_at <= $1 ORDER BY materialize_at, id LIMIT 1
"""
LOCK = "SELECT * FROM curricula WHERE id = $1 AND materialize_at <= $2 FOR NO KEY UPDATE"
GREW = """
UPDATE curricula SET sessions = sessions + $2, last_ends_at = greatest(last_ends_at, $3),
  left_out = left_out || $4::jsonb, materialized_until = $5, materialize_at = $6,
  version = version + 1 WHERE id = $1
"""


class SlotsOverlap(Invalid):
    """Two slots of one plan would be held at the same time."""


class TooLongAgo(Invalid, title="That is too long ago"):
    """A plan without an end would have sessions of more than a year ago."""


class NothingPlanned(Invalid, title="The plan has no session"):
    """The plan has no session."""


class SessionsOverlap(Conflict, title="The cohort is busy then"):
    """The cohort has sessions at that time already."""


async def lock_to_plan(tx: Transaction, site_id: UUID, *, pointer: str | None = None) -> Site:
    """Lock a site whose sessions are planned now. They are looked at again if a newer edition of
    the rules did so: these are planned by an older one, as happens while processes are replaced.

    Raises:
        NotFound: no such site that the caller may see.
    """
    site = await lock_site(tx, site_id, pointer=pointer)
    if is_newer(await tx.fetchval(EDITION, site_id) or edition(), edition()):
        await tx.execute(LOOKED, [site_id], edition())
    return site


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

    def arrays(self, planned: Mapping[UUID, PlannedSession]) -> list[list[Any]]:
        """The rows of sessions by their ids, as `SESSIONS` takes them."""
        site = {"site_id": self.place.site_id, "time_zone": self.place.time_zone}
        whose = {"cohort_id": self.cohort_id, "curriculum_id": self.curriculum_id}
        rows = []
        for id_, one in planned.items():
            slot = self.slots[one.slot]
            own = {"id": id_, "phases": slot.phases and f"{{{','.join(map(str, slot.phases))}}}"}
            rows.append({**dict(slot), **asdict(one), **site, **whose, **own})
        return SESSIONS.arrays(rows)


async def plan_of(
    tx: Transaction, site: Site, cohort_id: UUID, slots: Sequence[Content], plan_id: UUID | None
) -> Plan:
    """The plan of these slots, each with the modality that it has at the site."""
    group, place = await group_of(tx, cohort_id), await place_of(tx, site)
    known = []
    for slot in slots:
        modality = rules.modality_of(slot.modality, slot.room_id, place)
        known.append(slot.model_copy(update={"modality": modality}))
    return Plan(plan_id, cohort_id, known, group, place)


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
    ahead: dict[str, Any] = {"materialized_until": until, "materialize_at": due}
    if new.weeks is not None:
        until, ahead = new.starts_on + timedelta(weeks=new.weeks), {}
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
    curriculum_id = new_id()
    plan = await plan_of(tx, site, cohort_id, new.slots, curriculum_id)
    counting = session_kinds(site.id).counting
    counted = [new.slots[one.slot] for one in planned if new.slots[one.slot].kind in counting]
    minutes = sum(slot.minutes - slot.break_minutes for slot in counted)
    weekly = {"weekly_minutes": minutes * 7 // (until - new.starts_on).days}
    asked = {**new.model_dump(include={"starts_on", "weeks"}), "slots": as_json(plan.slots)}
    last = max(session.ends_at for session in sessions)
    span = {"first_starts_at": sessions[0].starts_at, "last_ends_at": last, **ahead}
    made = {"sessions": len(sessions), "left_out": left_out(planned, closed), **weekly, **span}
    whose = {"id": curriculum_id, "site_id": site.id, "cohort_id": cohort_id}
    await tx.execute(*insert("curricula", {**whose, **asked, **made, "created_at": tx.now}))
    await make_sessions(tx, plan, sessions)
    return await show_curriculum(tx, cohort_id, curriculum_id)


async def make_sessions(tx: Transaction, plan: Plan, planned: list[PlannedSession]) -> list[UUID]:
    """Write these sessions with their rooms and staff, and expect the cohort's clients. Seats that
    they open go to those who wait.

    Raises:
        Unsuited: one breaks a rule of opening hours, its room or its staff.
        SessionsOverlap: the cohort has a session at the time of one. The transaction is over.
        Busy: a room or a person is taken at the time of one; the pointer names its slot.
    """
    sessions = {new_id(): one for one in planned}
    asked = {id_: plan.asked(one) for id_, one in sessions.items()}
    places = {id_: plan.pointer(one.slot) for id_, one in sessions.items()}
    suiting = zip(places.values(), asked.values(), strict=True)
    rules.require_suited(suiting, plan.group, plan.place)
    overlap = "The cohort has a session at the time of one of these."
    at = "/starts" if plan.curriculum_id is None else "/slots"
    with unless_taken(SessionsOverlap(overlap, pointer=at)):
        await tx.execute(INSERT, *plan.arrays(sessions))
    try:
        await appointments.book(tx, appointments.bookings_of(asked))
    except appointments.Busy as busy:
        busy.pointer = f"{places[busy.taken[0].session_id]}/{busy.field}"
        raise
    await _give(tx, plan)
    return list(sessions)


async def materialize_next(tx: Transaction) -> int:
    """Make the sessions of the next week of a plan without an end, or with one beyond what there
    is of it, that is due; 0 when none is.

    Where the cohort has another session by now, none is made; a room or a person that no longer
    suits or is taken is left out of the session. Both are logged and counted, as nobody is there to
    be refused: the sessions are shown without room or facilitator.
    """
    if (due := await tx.fetchrow(DUE, tx.now)) is None:
        return 0
    site = await lock_to_plan(tx, due["site_id"])
    if (row := await tx.fetchrow(LOCK, due["id"], tx.now)) is None:
        return 1
    slots = [Slot(**slot) for slot in orjson.loads(row["slots"])]
    plan = await plan_of(tx, site, row["cohort_id"], slots, due["id"])
    since = row["materialized_until"]
    until, next_due = horizon(site.id, site.time_zone, row["starts_on"], tx.now)
    over = date.max if row["ends_on"] is None else row["ends_on"] + timedelta(days=1)
    is_last, until = until >= over, max(since, min(until, over))
    clock = [slot.on_wall_clock for slot in slots]
    planned = plan_between(row["starts_on"], since, until, clock, site.time_zone)
    closed = await closed_days(tx, site.id, since, until)
    held = {new_id(): one for one in planned if one.local_start.date() not in closed}
    made = [one["id"] for one in await tx.fetch(INSERT_FREE, *plan.arrays(held))]
    wanted = {id_: plan.asked(held[id_]) for id_ in made}
    asked = {id_: _suiting(one, plan) for id_, one in wanted.items()}
    taken = await appointments.book_free(tx, appointments.bookings_of(asked))
    if lacking := len(list(appointments.bookings_of(wanted))) - taken:
        not_assigned.inc(lacking)
        log.warning("sessions_not_assigned", curriculum_id=str(due["id"]), lacking=lacking)
    if failed := len(held) - len(made):
        log.warning("sessions_not_made", curriculum_id=str(due["id"]), sessions=failed)
    last = max((held[id_].ends_at for id_ in made), default=None)
    closed_then, next_at = left_out(planned, closed), None if is_last else next_due
    await tx.execute(GREW, due["id"], len(made), last, closed_then, until, next_at)
    await _give(tx, plan)
    return 1


def left_out(planned: Sequence[PlannedSession], closed: dict[date, str]) -> str:
    """The closed days on which a plan would have had sessions, as they are stored."""
    days = sorted({one.local_start.date() for one in planned} & set(closed))
    return as_json([{"day": day, "name": closed[day]} for day in days])


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
