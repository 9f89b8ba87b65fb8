"""Curricula and sessions as they are read."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import orjson
from fastapi import Query

from services.scheduling.hours.policy import PROGRAM_LEVEL, level_hours
from services.scheduling.hours.rules import Week, meets_minimum
from services.scheduling.sessions.schemas import Curriculum, Session
from shared.database import Transaction
from shared.errors import NotFound
from shared.web import Page, Paging, page_of
from shared.web.models import read_cursor

CURRICULUM = """
SELECT id, cohort_id, site_id, starts_on, weeks, slots, sessions, first_starts_at, last_ends_at,
  weekly_minutes, created_at
FROM curricula WHERE cohort_id = $1
"""
ONE_CURRICULUM = CURRICULUM + "AND id = $2"
CURRICULA = CURRICULUM + "AND id > $2 ORDER BY id LIMIT $3"
SESSION = """
SELECT id, site_id, cohort_id, curriculum_id, starts_at, ends_at, time_zone, kind, topic,
  break_minutes
FROM sessions
"""
ONE_SESSION = SESSION + "WHERE id = $1"
SESSIONS = (
    SESSION
    + """
WHERE ($3::timestamptz IS NULL OR (starts_at, id) > ($3, $4::uuid))
  AND ($5::uuid IS NULL OR cohort_id = $5)
  AND ($1::timestamptz IS NULL OR starts_at >= $1)
  AND ($2::timestamptz IS NULL OR starts_at < $2)
ORDER BY starts_at, id LIMIT $6
"""
)


class SessionPaging:
    """Where a page of sessions starts: after a start and an id."""

    def __init__(
        self,
        cursor: Annotated[
            str | None, Query(max_length=200, description="`next` of the page before.")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=200, description="Items a page.")] = 50,
    ) -> None:
        self.limit = limit
        self.starts_at: datetime | None = None
        self.id = UUID(int=0)
        if cursor is not None:
            self.starts_at, self.id = read_cursor(cursor, _place, _written)


def _place(text: str) -> tuple[datetime, UUID]:
    """A place in the list of sessions: a start and an id.

    Raises:
        ValueError, OverflowError: it is none.
    """
    starts_at, _, session_id = text.partition(" ")
    return datetime.fromisoformat(starts_at).astimezone(UTC), UUID(session_id)


def _written(place: tuple[datetime, UUID]) -> str:
    return f"{place[0].isoformat()} {place[1]}"


async def show_curriculum(tx: Transaction, cohort_id: UUID, curriculum_id: UUID) -> Curriculum:
    """One curriculum of a cohort.

    Raises:
        NotFound: when there is none that the caller may see.
    """
    row = await tx.fetchrow(ONE_CURRICULUM, cohort_id, curriculum_id)
    if row is None:
        raise NotFound("There is no such curriculum.")
    return _curriculum(row)


async def list_curricula(tx: Transaction, cohort_id: UUID, paging: Paging) -> Page[Curriculum]:
    """The curricula of a cohort, oldest first."""
    rows = await tx.fetch(CURRICULA, cohort_id, paging.after, paging.limit + 1)
    return page_of([_curriculum(row) for row in rows], paging.limit)


async def show_session(tx: Transaction, session_id: UUID) -> Session:
    """One session.

    Raises:
        NotFound: when there is none that the caller may see.
    """
    row = await tx.fetchrow(ONE_SESSION, session_id)
    if row is None:
        raise NotFound("There is no such session.")
    return _session(row)


async def list_sessions(
    tx: Transaction,
    paging: SessionPaging,
    *,
    cohort_id: UUID | None,
    starting_from: datetime | None,
    starting_before: datetime | None,
) -> Page[Session]:
    """Sessions by their start; `starting_from` is included, `starting_before` is not."""
    rows = await tx.fetch(
        SESSIONS,
        starting_from,
        starting_before,
        paging.starts_at,
        paging.id,
        cohort_id,
        paging.limit + 1,
    )
    return page_of(
        [_session(row) for row in rows],
        paging.limit,
        key=lambda shown: _written((shown.starts_at, shown.id)),
    )


def _curriculum(row: asyncpg.Record) -> Curriculum:
    hours = level_hours().populations["adult"].minimum_minutes
    return Curriculum(
        **{**dict(row), "slots": orjson.loads(row["slots"])},
        meets_level_minimum=meets_minimum(row["weekly_minutes"], PROGRAM_LEVEL, hours),
    )


def _session(row: asyncpg.Record) -> Session:
    local = row["starts_at"].astimezone(ZoneInfo(row["time_zone"]))
    length = int((row["ends_at"] - row["starts_at"]).total_seconds()) // 60
    return Session(
        **dict(row),
        local_date=local.date(),
        local_start=f"{local:%H:%M}",
        week=str(Week.of(row["starts_at"], row["time_zone"])),
        scheduled_minutes=length - row["break_minutes"],
    )
