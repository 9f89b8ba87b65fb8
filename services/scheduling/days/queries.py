"""Days and weeks as they are read: a few statements, however many sessions there are."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from uuid import UUID

from services.scheduling.days import schemas
from services.scheduling.sessions.queries import sessions_by_id
from services.scheduling.sessions.rules import day_bounds
from services.scheduling.slots.schemas import Named
from shared.calendar import Week, day_at
from shared.database import Transaction
from shared.errors import Invalid, found

SITE_DAY = """
SELECT i.time_zone, c.name AS closed FROM sites i
LEFT JOIN closed_days c ON c.site_id = i.id AND c.day = $2 WHERE i.id = $1
"""
ZONES = {
    "site_id": "SELECT time_zone FROM sites WHERE id = $1",
    "staff_id": """
SELECT i.time_zone FROM staff_sites w JOIN sites i ON i.id = w.site_id
WHERE w.staff_id = $1 ORDER BY w.home DESC, i.id LIMIT 1
""",
    "room_id": "SELECT i.time_zone FROM rooms r JOIN sites i ON i.id = r.site_id WHERE r.id = $1",
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
  coalesce(i.checked_out_at, r.checked_out_at) AS checked_out_at,
  coalesce(r.status IN ('present', 'partial'), i.client_id IS NOT NULL) AS checked_in
FROM appointments a LEFT JOIN check_ins i USING (session_id, client_id)
LEFT JOIN attendance r USING (session_id, client_id)
WHERE a.session_id = ANY ($1::uuid[]) AND a.state = 'scheduled'
ORDER BY a.session_id, a.client_id
"""
"""What is recorded counts, else whether they checked in."""


class SubjectNeeded(Invalid, title="Say whose week"):
    """A week is that of a site, a person of the staff or a room."""


async def show_day(tx: Transaction, site_id: UUID, day: date | None) -> schemas.SiteDay:
    """All sessions that start on a day of a site's calendar, those that are not held too; without
    `day` on the day that it is there now.

    Raises:
        NotFound: no such site that the caller may see.
    """
    if day is None:
        zone = found(await tx.fetchrow(ZONES["site_id"], site_id), "site")["time_zone"]
        day = day_at(tx.now, zone)
    site = found(await tx.fetchrow(SITE_DAY, site_id, day), "site")
    span = day_bounds(day, site["time_zone"])
    sessions = await _sessions(tx, OF_SITE, site_id, span)
    clients: defaultdict[UUID, list[schemas.ExpectedClient]] = defaultdict(list)
    for row in await tx.fetch(CLIENTS, [one.id for one in sessions]):
        clients[row["session_id"]].append(schemas.ExpectedClient.from_row(row))
    shown = []
    for one in sessions:
        came = sum(client.checked_in for client in clients[one.id])
        shown.append(schemas.SessionOfDay(**dict(one), clients=clients[one.id], checked_in=came))
    times = {"day": day, "starts_at": span[0], "ends_at": span[1]}
    return schemas.SiteDay(**site, **times, site_id=site_id, sessions=shown)


async def show_week(tx: Transaction, week: Week, asked: schemas.AskedWeek) -> schemas.WeekGrid:
    """The sessions that start in a week, day by day: of a site all, those that are not held too; of
    a person or a room those for which they are taken, at the sites that the caller may see.

    Raises:
        SubjectNeeded: it is not asked for that of one of them.
        NotFound: no such site, person or room that the caller may see.
    """
    given = asked.model_dump(exclude_none=True)
    if len(given) != 1:
        raise SubjectNeeded("Give one of site_id, staff_id and room_id.", pointer="site_id")
    ((subject, subject_id),) = given.items()
    what = "person" if subject == "staff_id" else subject.removesuffix("_id")
    zone: str = found(await tx.fetchrow(ZONES[subject], subject_id), what)["time_zone"]
    span = week.bounds(zone)
    ids = OF_SITE if subject == "site_id" else OF_RESOURCE
    days: defaultdict[date, list[schemas.SessionInGrid]] = defaultdict(list)
    for one in await _sessions(tx, ids, subject_id, span):
        days[day_at(one.starts_at, zone)].append(one)
    dates = [week.monday + timedelta(days=n) for n in range(7)]
    grid = [schemas.GridDay(day=day, sessions=days[day]) for day in dates]
    times = {"time_zone": zone, "starts_at": span[0], "ends_at": span[1]}
    return schemas.WeekGrid(week=str(week), **times, days=grid)


async def _sessions(
    tx: Transaction, ids: str, subject_id: UUID, span: tuple[datetime, datetime]
) -> list[schemas.SessionInGrid]:
    """The sessions that `ids` finds, in order, each with the names of its room and therapists."""
    wanted = [row["id"] for row in await tx.fetch(ids, subject_id, *span)]
    sessions = await sessions_by_id(tx, wanted)
    taken = {one for s in sessions for one in (s.room_id, s.facilitator_id, *s.cofacilitator_ids)}
    rows = await tx.fetch(NAMES, list(taken - {None}))
    names: dict[UUID | None, Named] = {row["id"]: Named.from_row(row) for row in rows}
    shown = []
    for one in sessions:
        people = (one.facilitator_id, *one.cofacilitator_ids)
        who = {"room": names.get(one.room_id), "therapists": [names[p] for p in people if p]}
        shown.append(schemas.SessionInGrid(**dict(one), **who))
    return shown
