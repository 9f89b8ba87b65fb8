"""Giving a cohort its curriculum."""

from dataclasses import asdict
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
from services.scheduling.sessions.moving import plan_by_own_edition
from services.scheduling.sessions.queries import show_curriculum
from services.scheduling.sessions.rules import overlapping_slot, plan_sessions
from services.scheduling.sessions.schemas import Curriculum, NewCurriculum
from shared.database import Columns, Transaction, insert
from shared.errors import Conflict, Invalid
from shared.ids import new_id

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
)
INSERT = f"""
INSERT INTO sessions ({SESSIONS.names}) SELECT * FROM {SESSIONS.rows}
"""  # noqa: S608 - the columns are above


class SlotsOverlap(Invalid):
    """Two slots of one plan would be held at the same time."""


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
    await plan_by_own_edition(tx, site.id)
    curriculum_id = new_id()
    counting = session_kinds(site.id).counting
    curriculum = {
        "id": curriculum_id,
        "site_id": site.id,
        "cohort_id": cohort_id,
        "starts_on": new.starts_on,
        "weeks": new.weeks,
        "slots": orjson.dumps([slot.model_dump() for slot in new.slots]).decode(),
        "sessions": len(sessions),
        "first_starts_at": sessions[0].starts_at,
        "last_ends_at": max(session.ends_at for session in sessions),
        "weekly_minutes": sum(
            slot.minutes - slot.break_minutes for slot in new.slots if slot.kind in counting
        ),
        "created_at": tx.now,
    }
    await tx.execute(*insert("curricula", curriculum))
    place = {
        "site_id": site.id,
        "cohort_id": cohort_id,
        "curriculum_id": curriculum_id,
        "time_zone": site.time_zone,
    }
    rows = [
        {**dict(new.slots[one.slot]), **asdict(one), **place, "id": new_id()} for one in sessions
    ]
    try:
        await tx.execute(INSERT, *SESSIONS.arrays(rows))
    except asyncpg.ExclusionViolationError:
        raise SessionsOverlap(
            "The cohort has a session at the time of one of these.", pointer="/slots"
        ) from None
    await schedule_sessions(tx, await seats_of(tx, cohort_id))
    await offer_seats(tx, {site.id: None})
    return await show_curriculum(tx, cohort_id, curriculum_id)
