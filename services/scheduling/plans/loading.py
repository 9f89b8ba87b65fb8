"""The week of some sites as a problem: what of it the database says."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import asyncpg
import orjson

from services.scheduling.directory.policy import travel_policy
from services.scheduling.directory.rules import Place as Point
from services.scheduling.directory.rules import travel_minutes
from services.scheduling.plans.policy import plan_policy
from services.scheduling.plans.rules.problem import (
    Demand,
    Person,
    Problem,
    Room,
    Session,
    Span,
    Staffing,
    Stay,
)
from services.scheduling.plans.rules.spans import common, joined, without
from services.scheduling.sessions.rules import day_bounds, instant_of
from shared.database import Transaction

IN_WEEK = """
FROM sessions s JOIN sites i ON i.id = s.site_id
WHERE s.site_id = ANY ($1::uuid[]) AND s.not_held_at IS NULL AND s.starts_at > $2
  AND s.starts_at BETWEEN $3::date - 1 AND $3::date + 8
  AND (s.starts_at AT TIME ZONE i.time_zone)::date BETWEEN $3::date AND $3::date + 6
"""
SITES = "SELECT id, time_zone, latitude, longitude FROM sites"
OPENING = "SELECT site_id, weekday, opens_minute, closes_minute FROM opening_hours"
CLOSED = "SELECT site_id, day FROM closed_days WHERE day BETWEEN $1::date AND $1::date + 6"
ROOMS = """
SELECT id, site_id, capacity, kind FROM rooms
WHERE site_id = ANY ($1::uuid[]) AND closed_at IS NULL ORDER BY id
"""
STAFF = """
SELECT p.id, p.credentials, p.hours, p.caseload_limit,
  array_agg(w.site_id ORDER BY w.site_id) AS sites
FROM staff p JOIN staff_sites w ON w.staff_id = p.id
WHERE p.left_at IS NULL
  AND p.id IN (SELECT staff_id FROM staff_sites WHERE site_id = ANY ($1::uuid[]))
GROUP BY p.id ORDER BY p.id
"""
LEAVE = """
SELECT staff_id, lower(during) AS begins, upper(during) AS ends FROM staff_leave
WHERE staff_id = ANY ($1::uuid[]) AND during && tstzrange($2, $3) ORDER BY during
"""
TAKEN = """
SELECT b.resource_id, b.site_id, s.modality, lower(b.during) AS begins, upper(b.during) AS ends
FROM bookings b JOIN sessions s ON s.id = b.session_id
WHERE b.resource_id = ANY ($1::uuid[]) AND b.during && tstzrange($2, $3)
  AND b.session_id <> ALL ($4::uuid[]) ORDER BY b.during
"""
CASELOADS = """
SELECT f.resource_id, array_agg(DISTINCT c.resource_id ORDER BY c.resource_id) AS clients
FROM bookings f JOIN sessions s ON s.id = f.session_id AND s.cohort_id IS NULL
JOIN bookings c ON c.session_id = s.id AND c.kind = 'client'
WHERE f.resource_id = ANY ($1::uuid[]) AND f.kind = 'facilitator'
  AND f.during && tstzrange($2, $3)
  AND (s.starts_at AT TIME ZONE s.time_zone)::date BETWEEN $4::date AND $4::date + 6
GROUP BY f.resource_id
"""
GROUPS = f"""
SELECT s.id, s.site_id, s.cohort_id, s.starts_at, s.ends_at, s.modality, c.credentials,
  c.cofacilitated,
  c.capacity,
  (SELECT resource_id FROM bookings b WHERE b.session_id = s.id AND b.kind = 'facilitator') AS lead,
  (SELECT min(resource_id::text)::uuid FROM bookings b
   WHERE b.session_id = s.id AND b.kind = 'cofacilitator') AS second,
  (SELECT resource_id FROM bookings b WHERE b.session_id = s.id AND b.kind = 'room') AS room
{IN_WEEK.replace("WHERE", "JOIN cohorts c ON c.id = s.cohort_id WHERE")} ORDER BY s.id
"""  # noqa: S608 - the part is above
HABITS = """
SELECT s.cohort_id, b.resource_id FROM sessions s
JOIN bookings b ON b.session_id = s.id AND b.kind = 'facilitator'
WHERE s.cohort_id = ANY ($1::uuid[]) AND s.starts_at >= $2 AND s.starts_at < $3
GROUP BY 1, 2 ORDER BY count(*), 2
"""
CLIENTS = """
SELECT p.id, p.client_id, p.site_id, f.time_zone, f.available
FROM placements p LEFT JOIN LATERAL (
  SELECT time_zone, available FROM preferences
  WHERE client_id = ANY (platform.records_of(p.client_id)) AND stated_at IS NOT NULL
  ORDER BY stated_at DESC, client_id DESC LIMIT 1
) AS f ON true
WHERE p.site_id = ANY ($1::uuid[]) AND p.ended_at IS NULL AND p.proposed_until IS NULL
  AND NOT EXISTS (SELECT FROM holds h WHERE h.enrolment_id = p.enrolment_id)
ORDER BY p.client_id
"""
ALONE = """
SELECT DISTINCT ON (p.client_id, s.kind) p.client_id, s.kind, s.starts_at,
  (SELECT resource_id FROM bookings b WHERE b.session_id = s.id AND b.kind = 'facilitator') AS who
FROM placements p JOIN appointments a ON a.placement_id = p.id AND a.state = 'scheduled'
JOIN sessions s ON s.id = a.session_id AND s.cohort_id IS NULL AND s.not_held_at IS NULL
WHERE p.site_id = ANY ($1::uuid[]) AND p.ended_at IS NULL AND s.starts_at < $2
ORDER BY p.client_id, s.kind, s.starts_at DESC
"""
BUSY = """
SELECT p.client_id, lower(b.during) AS begins, upper(b.during) AS ends
FROM placements p JOIN bookings b ON b.resource_id = ANY (platform.records_of(p.client_id))
WHERE p.site_id = ANY ($1::uuid[]) AND p.ended_at IS NULL AND b.during && tstzrange($2, $3)
ORDER BY b.during
"""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The week from its Monday on, in minutes."""

    monday: date

    @property
    def origin(self) -> datetime:
        return datetime.combine(self.monday, time(), UTC)

    def minute(self, instant: datetime) -> int:
        return int((instant - self.origin).total_seconds() // 60)

    def instant(self, minute: int) -> datetime:
        return self.origin + timedelta(minutes=minute)

    def span(self, begins: datetime, ends: datetime) -> Span:
        return Span(self.minute(begins), self.minute(ends))

    def weekly(self, weekday: int, starts: int, ends: int, zone: str) -> Span:
        """A time of each week by the wall clock of a zone; `weekday` 1 is Monday, minutes count
        from midnight."""
        day = self.monday + timedelta(days=weekday - 1)
        return Span(self._of_clock(day, starts, zone), self._of_clock(day, ends, zone))

    def _of_clock(self, day: date, minute: int, zone: str) -> int:
        days, rest = divmod(minute, 1440)
        at = time(rest // 60, rest % 60)
        return self.minute(instant_of(day + timedelta(days=days), at, ZoneInfo(zone)))

    def day(self, day: date, zone: str) -> Span:
        return self.span(*day_bounds(day, zone))


async def load(tx: Transaction, site_ids: Sequence[UUID], monday: date, since: datetime) -> Problem:
    """The sessions of that week that begin after `since`, and what they may be planned with. The
    transaction sees all sites, as people work at others too."""
    calendar, policy = Calendar(monday), plan_policy()
    begins, ends = calendar.origin - timedelta(days=1), calendar.origin + timedelta(days=8)
    sites = {row["id"]: row for row in await tx.fetch(SITES)}
    groups = await tx.fetch(GROUPS, site_ids, since, monday)
    rooms = await tx.fetch(ROOMS, site_ids)
    staff = await tx.fetch(STAFF, site_ids)
    people = [row["id"] for row in staff]
    ours = [row["id"] for row in groups]
    taken = _by(
        "resource_id",
        await tx.fetch(TAKEN, [*people, *(row["id"] for row in rooms)], begins, ends, ours),
    )
    leave = _by("staff_id", await tx.fetch(LEAVE, people, begins, ends))
    caseloads = dict(map(tuple, await tx.fetch(CASELOADS, people, begins, ends, monday)))
    opening = _by("site_id", await tx.fetch(OPENING))
    closed = _by("site_id", await tx.fetch(CLOSED, monday))
    habits = dict(
        map(
            tuple,
            await tx.fetch(
                HABITS,
                [row["cohort_id"] for row in groups],
                calendar.origin - timedelta(weeks=policy.weeks_of_habit),
                calendar.origin,
            ),
        )
    )
    week = Span(calendar.minute(begins), calendar.minute(ends))

    def open_at(site: UUID) -> tuple[Span, ...]:
        zone = sites[site]["time_zone"]
        rows = opening.get(site, [])
        hours = [
            calendar.weekly(row["weekday"], row["opens_minute"], row["closes_minute"], zone)
            for row in rows
        ]
        days = [calendar.day(row["day"], zone) for row in closed.get(site, [])]
        whole = [calendar.day(monday + timedelta(days=n), zone) for n in range(7)]
        return without(hours if rows else whole, days)

    def spans(rows: Iterable[asyncpg.Record]) -> tuple[Span, ...]:
        return tuple(calendar.span(row["begins"], row["ends"]) for row in rows)

    def person(row: asyncpg.Record) -> Person:
        stated = orjson.loads(row["hours"])
        hours = [
            Stay(
                site,
                calendar.weekly(
                    one["weekday"],
                    one["starts_minute"],
                    one["ends_minute"],
                    sites[site]["time_zone"],
                ),
            )
            for one in stated
            if (site := UUID(one["site_id"])) in row["sites"]
        ]
        if not stated:
            hours = [Stay(site, span) for site in row["sites"] for span in open_at(site)]
        return Person(
            row["id"],
            tuple(hours),
            {
                one["credential"]: one["expires_on"]
                and calendar.day(
                    date.fromisoformat(one["expires_on"]), sites[row["sites"][0]]["time_zone"]
                ).ends
                for one in orjson.loads(row["credentials"])
            },
            spans(leave.get(row["id"], [])),
            tuple(
                Stay(
                    None if one["modality"] == "telehealth" else one["site_id"],
                    calendar.span(one["begins"], one["ends"]),
                )
                for one in taken.get(row["id"], [])
            ),
            row["caseload_limit"],
            frozenset(caseloads.get(row["id"], ())),
        )

    made = tuple(person(row) for row in staff)
    return Problem(
        tuple(
            Room(
                row["id"],
                row["site_id"],
                row["capacity"],
                row["kind"] == "telehealth",
                spans(taken.get(row["id"], [])),
            )
            for row in rooms
        ),
        made,
        tuple(
            Session(
                row["id"],
                row["site_id"],
                calendar.span(row["starts_at"], row["ends_at"]),
                row["capacity"] + 1 + (row["cofacilitated"] or row["second"] is not None),
                row["modality"] == "telehealth",
                tuple(sorted(row["credentials"])),
                row["cofacilitated"] or row["second"] is not None,
                habits.get(row["cohort_id"]),
                Staffing(row["lead"], row["second"], row["room"]),
            )
            for row in groups
        ),
        tuple(await _demands(tx, site_ids, calendar, since, open_at, week, sites)),
        _ways(made, sites),
    )


async def _demands(
    tx: Transaction,
    site_ids: Sequence[UUID],
    calendar: Calendar,
    since: datetime,
    open_at: Any,
    week: Span,
    sites: Mapping[UUID, asyncpg.Record],
) -> list[Demand]:
    """The sessions that clients are to have by the policy and have not."""
    begins, ends = calendar.instant(week.begins), calendar.instant(week.ends)
    policy = plan_policy()
    busy = _by("client_id", await tx.fetch(BUSY, site_ids, begins, ends))
    alone = _by("client_id", await tx.fetch(ALONE, site_ids, ends))
    hours = {site: open_at(site) for site in site_ids}
    now = Span(calendar.minute(since), week.ends)
    found = []
    for row in await tx.fetch(CLIENTS, site_ids):
        zone = sites[row["site_id"]]["time_zone"]
        coming = [
            calendar.span(one["begins"], one["ends"]) for one in busy.get(row["client_id"], [])
        ]
        times: Sequence[Span] = hours[row["site_id"]]
        stated = orjson.loads(row["available"])["available"] if row["available"] else ()
        if stated:
            times = common(times, joined(_stated(stated, row["time_zone"] or zone, calendar)))
        times = without(common(times, [now]), coming)
        days = {calendar.instant(one.begins).astimezone(ZoneInfo(zone)).date() for one in coming}
        last = {one["kind"]: one for one in alone.get(row["client_id"], [])}
        for kind, asked in policy.sessions_of_one_client.items():
            due = calendar.origin - timedelta(weeks=asked.every_weeks - 1, days=1)
            before = last.get(kind)
            if before is not None and before["starts_at"] >= due:
                continue
            usual = before or last.get("individual")
            found.append(
                Demand(
                    uuid5(row["id"], f"{kind} {calendar.monday}"),
                    row["client_id"],
                    row["site_id"],
                    kind,
                    asked.minutes,
                    asked.people,
                    times,
                    tuple(calendar.day(day, zone) for day in sorted(days)),
                    None if usual is None else usual["who"],
                    tuple(sorted(asked.credentials)),
                )
            )
    return found


def _stated(times: Iterable[Mapping[str, Any]], zone: str, calendar: Calendar) -> Iterable[Span]:
    """When a client can come, by the client's own clock; 00:00 ends the day."""
    for one in times:
        starts, ends = (time.fromisoformat(one[name]) for name in ("starts_at", "ends_at"))
        last = ends.hour * 60 + ends.minute or 1440
        yield calendar.weekly(one["weekday"], starts.hour * 60 + starts.minute, last, zone)


def _ways(
    people: Iterable[Person], sites: Mapping[UUID, asyncpg.Record]
) -> dict[tuple[UUID, UUID], int]:
    """Minutes between the sites between which somebody goes; unknown places are no way apart."""
    pairs = set()
    for person in people:
        stays = (*person.hours, *person.taken)
        there = {stay.site_id for stay in stays if stay.site_id is not None}
        pairs |= {(one, other) for one in there for other in there if one != other}
    points = {
        row["id"]: Point(row["latitude"], row["longitude"])
        for row in sites.values()
        if row["latitude"] is not None
    }
    travel = travel_policy()
    return {
        (one, other): travel_minutes(points[one], points[other], travel)
        for one, other in sorted(pairs)
        if one in points and other in points
    }


def basis(problem: Problem) -> dict[str, str]:
    """What a plan rests on, thing by thing, in short."""
    parts: dict[str, Iterable[Any]] = {
        "room": problem.rooms,
        "person": problem.people,
        "session": problem.sessions,
        "client": problem.demands,
    }
    return {
        f"{kind} {getattr(one, 'client_id', one.id)} {getattr(one, 'kind', '')}".strip(): sha256(
            repr(one).encode()
        ).hexdigest()[:16]
        for kind, things in parts.items()
        for one in things
    }


def _by(name: str, rows: Iterable[asyncpg.Record]) -> dict[UUID, list[asyncpg.Record]]:
    found: dict[UUID, list[asyncpg.Record]] = defaultdict(list)
    for row in rows:
        found[row[name]].append(row)
    return found
