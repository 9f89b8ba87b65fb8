"""Giving a cohort its curriculum."""

from uuid import UUID

import asyncpg
import orjson

from services.scheduling.appointments.commands import schedule_sessions
from services.scheduling.cohorts.queries import show_cohort
from services.scheduling.directory.commands import lock_sites
from services.scheduling.directory.queries import show_site
from services.scheduling.hours.policy import session_kinds
from services.scheduling.placement.commands import offer_seats
from services.scheduling.placement.queries import seats_of
from services.scheduling.sessions.queries import show_curriculum
from services.scheduling.sessions.rules import PlannedSession, overlapping_slot, plan_sessions
from services.scheduling.sessions.schemas import Curriculum, NewCurriculum
from shared.database import Transaction
from shared.errors import Conflict, Invalid
from shared.ids import new_id

INSERT_CURRICULUM = """
INSERT INTO curricula (id, site_id, cohort_id, starts_on, weeks, slots, sessions, first_starts_at,
  last_ends_at, weekly_minutes, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
INSERT_SESSIONS = """
INSERT INTO sessions
  (id, site_id, cohort_id, curriculum_id, starts_at, ends_at, time_zone, kind, topic, break_minutes)
SELECT id, $1, $2, $3, starts_at, ends_at, $4, kind, topic, break_minutes
FROM unnest($5::uuid[], $6::timestamptz[], $7::timestamptz[], $8::text[], $9::text[], $10::int[])
  AS s(id, starts_at, ends_at, kind, topic, break_minutes)
"""


class SlotsOverlap(Invalid):
    """Two slots of one plan would be held at the same time."""

    title = "Slots overlap"


class SessionsOverlap(Conflict):
    """The cohort has sessions at that time already."""

    title = "The cohort is busy then"


async def add_curriculum(tx: Transaction, cohort_id: UUID, new: NewCurriculum) -> Curriculum:
    """Turn a weekly plan into sessions, and expect the cohort's clients at those to come.

    Publishes SessionScheduled for each client and session that has not started. Seats that the new
    sessions open go to those who wait.

    Raises:
        NotFound: when there is no such cohort that the caller may see.
        SlotsOverlap: when slots of the plan overlap.
        SessionsOverlap: when the cohort has a session at the time of one of these.
    """
    cohort = await show_cohort(tx, cohort_id)
    site = await show_site(tx, cohort.site_id)
    sessions = plan_sessions(
        new.starts_on, new.weeks, [slot.on_wall_clock for slot in new.slots], site.time_zone
    )
    if (slot := overlapping_slot(sessions)) is not None:
        raise SlotsOverlap("This slot begins before another ends.", pointer=f"/slots/{slot}")
    await lock_sites(tx, [site.id])
    curriculum_id = new_id()
    counting = session_kinds(site.id).counting
    await tx.execute(
        INSERT_CURRICULUM,
        curriculum_id,
        site.id,
        cohort_id,
        new.starts_on,
        new.weeks,
        orjson.dumps([slot.model_dump() for slot in new.slots]).decode(),
        len(sessions),
        sessions[0].starts_at,
        max(session.ends_at for session in sessions),
        sum(slot.minutes - slot.break_minutes for slot in new.slots if slot.kind in counting),
        tx.now,
    )
    await _insert(tx, site.id, cohort_id, curriculum_id, site.time_zone, new, sessions)
    await schedule_sessions(tx, await seats_of(tx, cohort_id))
    await offer_seats(tx, {site.id: None})
    return await show_curriculum(tx, cohort_id, curriculum_id)


async def _insert(
    tx: Transaction,
    site_id: UUID,
    cohort_id: UUID,
    curriculum_id: UUID,
    time_zone: str,
    new: NewCurriculum,
    sessions: list[PlannedSession],
) -> None:
    slots = [new.slots[session.slot] for session in sessions]
    try:
        await tx.execute(
            INSERT_SESSIONS,
            site_id,
            cohort_id,
            curriculum_id,
            time_zone,
            [new_id() for _ in sessions],
            [session.starts_at for session in sessions],
            [session.ends_at for session in sessions],
            [slot.kind for slot in slots],
            [slot.topic for slot in slots],
            [slot.break_minutes for slot in slots],
        )
    except asyncpg.ExclusionViolationError:
        raise SessionsOverlap(
            "The cohort has a session at the time of one of these.", pointer="/slots"
        ) from None
