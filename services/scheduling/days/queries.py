"""Days and weeks as they are read: a few statements, however many sessions there are."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from services.scheduling.days.schemas import (
    ExpectedClient,
    GridDay,
    SessionInGrid,
    SessionOfDay,
    SiteDay,
    WeekGrid,
)
from services.scheduling.hours.rules import Week
from services.scheduling.sessions.queries import sessions_by_id
from services.scheduling.sessions.rules import day_bounds
from services.scheduling.sessions.schemas import Session
from services.scheduling.slots.schemas import Named
from shared.calendar import day_at
from shared.database import Transaction
from shared.errors import found

Subject = Literal["site", "staff", "room"]
SITE_DAY = """
SELECT i.time_zone, c.name AS closed FROM sites i
LEFT JOIN closed_days c ON c.site_id = i.id AND c.day = $2 WHERE i.id = $1
"""
ZONES: dict[Subject, str] = {
    "site": "SELECT time_zone FROM sites WHERE id = $1",
    "staff": """
SELECT i.time_zone FROM staff_sites w JOIN sites i ON i.id = w.site_id
WHERE w.staff_id = $1 ORDER BY w.home DESC, i.id LIMIT 1
""",
    "room": "SELECT i.time_zone FROM rooms r JOIN sites i ON i.id = r.site_id WHERE r.id = $1",
}
"""Whose clock a week goes by; of a person that of the home, if the caller may see it."""
OF_SITE = "SELECT id FROM sessions WHERE site_id = $1 AND starts_at >= $2 AND starts_at < $3"
OF_RESOURCE = """
SELECT b.session_id AS id FROM bookings b
WHERE b.resource_id = $1 AND b.during && tstzrange($2, $3) AND lower(b.during) >= $2
"""
NAMES = """
SELECT id, name FROM rooms WHERE id = ANY ($1::uuid[])
UNION ALL SELECT id, name FROM staff WHERE id = ANY ($1::uuid[])
"""
CLIENTS = """
SELECT a.session_id, a.client_id, a.on_hold, r.status,
  coalesce(i.checked_in_at, r.checked_in_at) AS checked_in_at,
  coalesce(r.status IN ('present', 'partial'), i.client_id IS NOT NULL) AS checked_in
FROM appointments a
LEFT JOIN check_ins i ON i.session_id = a.session_id AND i.client_id = a.client_id
LEFT JOIN attendance r ON r.session_id = a.session_id AND r.client_id = a.client_id
WHERE a.session_id = ANY ($1::uuid[]) AND a.state = 'scheduled'
ORDER BY a.session_id, a.client_id
"""
"""What is recorded counts, else whether they checked in."""


async def show_day(tx: Transaction, site_id: UUID, day: date | None) -> SiteDay:
    """All sessions that start on a day of a site's calendar, those that are not held too; without
    `day` on the day that it is there now.

    Raises:
        NotFound: no such site that the caller may see.
    """
    if day is None:
        zone = found(await tx.fetchrow(ZONES["site"], site_id), "site")["time_zone"]
        day = day_at(tx.now, zone)
    site = found(await tx.fetchrow(SITE_DAY, site_id, day), "site")
    starts_at, ends_at = day_bounds(day, site["time_zone"])
    sessions = await _sessions(tx, OF_SITE, site_id, starts_at, ends_at)
    clients: defaultdict[UUID, list[ExpectedClient]] = defaultdict(list)
    for row in await tx.fetch(CLIENTS, [one.id for one, _ in sessions]):
        clients[row["session_id"]].append(ExpectedClient.from_row(row))
    return SiteDay(
        site_id=site_id,
        day=day,
        time_zone=site["time_zone"],
        starts_at=starts_at,
        ends_at=ends_at,
        closed=site["closed"],
        sessions=[
            SessionOfDay(
                **{**dict(one), **place},
                clients=clients[one.id],
                checked_in=sum(client.checked_in for client in clients[one.id]),
            )
            for one, place in sessions
        ],
    )


async def show_week(tx: Transaction, week: Week, subject: Subject, subject_id: UUID) -> WeekGrid:
    """The sessions that start in a week, day by day: of a site all, those that are not held too; of
    a person or a room those for which they are taken, at the sites that the caller may see.

    Raises:
        NotFound: no such site, person or room that the caller may see.
    """
    row = await tx.fetchrow(ZONES[subject], subject_id)
    zone: str = found(row, "person" if subject == "staff" else subject)["time_zone"]
    starts_at, ends_at = week.bounds(zone)
    ids = OF_SITE if subject == "site" else OF_RESOURCE
    days: defaultdict[date, list[SessionInGrid]] = defaultdict(list)
    for one, place in await _sessions(tx, ids, subject_id, starts_at, ends_at):
        days[day_at(one.starts_at, zone)].append(SessionInGrid(**{**dict(one), **place}))
    dates = [week.monday + timedelta(days=n) for n in range(7)]
    return WeekGrid(
        week=str(week),
        time_zone=zone,
        starts_at=starts_at,
        ends_at=ends_at,
        days=[GridDay(day=day, sessions=days[day]) for day in dates],
    )


async def _sessions(
    tx: Transaction, ids: str, subject_id: UUID, starts_at: datetime, ends_at: datetime
) -> list[tuple[Session, Mapping[str, Any]]]:
    """The sessions that `ids` finds, in order, each with the names of its room and therapists."""
    wanted = [row["id"] for row in await tx.fetch(ids, subject_id, starts_at, ends_at)]
    sessions = await sessions_by_id(tx, wanted)
    taken = {one for s in sessions for one in (s.room_id, *_people(s)) if one is not None}
    names = {row["id"]: Named.from_row(row) for row in await tx.fetch(NAMES, sorted(taken))}
    return [
        (
            one,
            {
                "room": names.get(one.room_id) if one.room_id is not None else None,
                "therapists": [names[person] for person in _people(one)],
            },
        )
        for one in sessions
    ]


def _people(session: Session) -> list[UUID]:
    first = session.facilitator_id
    return [*([] if first is None else [first]), *session.cofacilitator_ids]
