"""Giving a cohort its curriculum."""

from datetime import timedelta
from uuid import UUID

import orjson

from services.scheduling.bookings.queries import group_of, place_of
from services.scheduling.bookings.rules import modality_of
from services.scheduling.closed_days.queries import closed_days
from services.scheduling.cohorts.queries import show_cohort
from services.scheduling.directory.commands import lock_site
from services.scheduling.hours.policy import session_kinds
from services.scheduling.sessions import materializing
from services.scheduling.sessions.moving import plan_by_own_edition
from services.scheduling.sessions.queries import show_curriculum
from services.scheduling.sessions.rules import overlapping_slot, plan_between
from services.scheduling.sessions.schemas import Curriculum, NewCurriculum
from shared.calendar import day_at
from shared.database import Transaction, insert
from shared.errors import Invalid
from shared.ids import new_id


class SlotsOverlap(Invalid):
    """Two slots of one plan would be held at the same time."""


class TooLongAgo(Invalid, title="That is too long ago"):
    """A plan without an end would have sessions of more than a year ago."""


class NothingPlanned(Invalid, title="The plan has no session"):
    """The plan has no session."""


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
    site = await lock_site(tx, (await show_cohort(tx, cohort_id)).site_id)
    await plan_by_own_edition(tx, site.id)
    until, due = materializing.horizon(site.id, site.time_zone, new.starts_on, tx.now)
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
        slot.model_copy(update={"modality": modality_of(slot.modality, slot.room_id, place)})
        for slot in new.slots
    ]
    plan = materializing.Plan(curriculum_id, cohort_id, slots, group, place)
    counting = session_kinds(site.id).counting
    counted = [slots[one.slot] for one in planned if slots[one.slot].kind in counting]
    curriculum = {
        "id": curriculum_id,
        "site_id": site.id,
        "cohort_id": cohort_id,
        "starts_on": new.starts_on,
        "weeks": new.weeks,
        "slots": orjson.dumps([slot.model_dump(mode="json") for slot in slots]).decode(),
        "sessions": len(sessions),
        "first_starts_at": sessions[0].starts_at,
        "last_ends_at": max(session.ends_at for session in sessions),
        "weekly_minutes": sum(slot.minutes - slot.break_minutes for slot in counted)
        * 7
        // (until - new.starts_on).days,
        "left_out": materializing.left_out(planned, closed),
        "materialized_until": until if new.weeks is None else None,
        "materialize_at": due if new.weeks is None else None,
        "created_at": tx.now,
    }
    await tx.execute(*insert("curricula", curriculum))
    await materializing.make_sessions(tx, plan, sessions)
    return await show_curriculum(tx, cohort_id, curriculum_id)
