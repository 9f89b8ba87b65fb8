"""The week of some sites as a problem: what of it the database says."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from itertools import permutations
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import asyncpg
import orjson

from services.scheduling.appointments.queries import ASSIGNED
from services.scheduling.directory.policy import travel_policy
from services.scheduling.directory.rules import Place as Point
from services.scheduling.directory.rules import minute_of, travel_minutes
from services.scheduling.plans.policy import plan_policy
from services.scheduling.plans.rules import problem as week
from services.scheduling.plans.rules.measures import POSTS
from services.scheduling.plans.rules.problem import Problem, Span, Stay, common, joined, without
from services.scheduling.sessions.rules import day_bounds, instant_of
from shared.database import Transaction

SITES = """
SELECT i.id, i.time_zone, i.latitude, i.longitude,
  ARRAY(SELECT ARRAY[weekday, opens_minute, closes_minute] FROM opening_hours
    WHERE site_id = i.id) AS opening,
  ARRAY(SELECT day FROM closed_days
    WHERE site_id = i.id AND day BETWEEN $1::date AND $1::date + 6) AS closed
FROM sites i
"""
GROUPS = f"""
SELECT s.id, s.site_id, tstzrange(s.starts_at, s.ends_at) AS span,
  c.capacity + 1 + two.hold_it::int AS people, s.modality = 'telehealth' AS telehealth,
  c.credentials, two.hold_it AS cofacilitated, assigned.facilitator_id AS facilitator,
  assigned.cofacilitator_ids[1] AS cofacilitator, assigned.room_id AS room, (
    SELECT o.resource_id FROM sessions h
    JOIN bookings o ON o.session_id = h.id AND o.kind = 'facilitator'
    WHERE h.cohort_id = s.cohort_id AND h.starts_at >= $4 AND h.starts_at < $5
    GROUP BY 1 ORDER BY count(*) DESC, 1 DESC LIMIT 1
  ) AS usual
FROM sessions s JOIN sites i ON i.id = s.site_id JOIN cohorts c ON c.id = s.cohort_id
{ASSIGNED}
CROSS JOIN LATERAL (
  SELECT c.cofacilitated OR assigned.cofacilitator_ids <> '{{}}' AS hold_it) AS two
WHERE s.site_id = ANY ($1::uuid[]) AND s.not_held_at IS NULL AND s.starts_at > $2
  AND s.starts_at BETWEEN $3::date - 1 AND $3::date + 8
  AND (s.starts_at AT TIME ZONE i.time_zone)::date BETWEEN $3::date AND $3::date + 6
ORDER BY s.id
"""  # noqa: S608 - the part is ours
ROOMS = """
SELECT r.id, r.site_id, r.capacity, r.kind = 'telehealth' AS telehealth, ARRAY(
  SELECT during FROM bookings WHERE resource_id = r.id AND during && $2
    AND session_id <> ALL ($3::uuid[]) ORDER BY during
) AS taken
FROM rooms r WHERE r.site_id = ANY ($1::uuid[]) AND r.closed_at IS NULL ORDER BY r.id
"""
STAFF = """
SELECT p.id, p.credentials, p.hours, p.caseload_limit,
  ARRAY(SELECT site_id FROM staff_sites WHERE staff_id = p.id ORDER BY site_id) AS sites,
  ARRAY(SELECT during FROM staff_leave
    WHERE staff_id = p.id AND during && $2 ORDER BY during) AS leave,
  ARRAY(SELECT ROW(CASE s.modality WHEN 'telehealth' THEN NULL ELSE b.site_id END, b.during)
    FROM bookings b JOIN sessions s ON s.id = b.session_id
    WHERE b.resource_id = p.id AND b.during && $2 AND b.session_id <> ALL ($3::uuid[])
    ORDER BY b.during) AS taken,
  ARRAY(SELECT DISTINCT c.resource_id
    FROM bookings f JOIN sessions s ON s.id = f.session_id AND s.cohort_id IS NULL
    JOIN bookings c ON c.session_id = s.id AND c.kind = 'client'
    WHERE f.resource_id = p.id AND f.kind = 'facilitator' AND f.during && $2
      AND (s.starts_at AT TIME ZONE s.time_zone)::date BETWEEN $4::date AND $4::date + 6
    ORDER BY 1) AS caseload
FROM staff p
WHERE p.left_at IS NULL
  AND p.id IN (SELECT staff_id FROM staff_sites WHERE site_id = ANY ($1::uuid[]))
ORDER BY p.id
"""
DEMANDS = """
SELECT p.id AS placement_id, p.client_id, p.site_id, asked.kind, last.facilitator AS usual,
  f.time_zone, f.available, ARRAY(
    SELECT during FROM bookings
    WHERE resource_id = ANY (platform.records_of(p.client_id)) AND during && $2::tstzrange
    ORDER BY during
  ) AS busy
FROM placements p CROSS JOIN unnest($3::text[], $4::timestamptz[]) AS asked(kind, due)
LEFT JOIN LATERAL (
  SELECT time_zone, available FROM preferences
  WHERE client_id = ANY (platform.records_of(p.client_id)) AND stated_at IS NOT NULL
  ORDER BY stated_at DESC, client_id DESC LIMIT 1
) AS f ON true
LEFT JOIN LATERAL (
  SELECT s.kind, s.starts_at, (
    SELECT resource_id FROM bookings WHERE session_id = s.id AND kind = 'facilitator'
  ) AS facilitator
  FROM appointments a JOIN sessions s ON s.id = a.session_id
  WHERE a.placement_id = p.id AND a.state = 'scheduled' AND s.cohort_id IS NULL
    AND s.not_held_at IS NULL AND s.starts_at < upper($2::tstzrange)
    AND s.kind IN (asked.kind, 'individual')
  ORDER BY s.kind = asked.kind DESC, s.starts_at DESC LIMIT 1
) AS last ON true
WHERE p.site_id = ANY ($1::uuid[]) AND p.ended_at IS NULL AND p.proposed_until IS NULL
  AND NOT EXISTS (SELECT FROM holds h WHERE h.enrolment_id = p.enrolment_id)
  AND (last.kind = asked.kind AND last.starts_at >= asked.due) IS NOT TRUE
ORDER BY p.client_id, asked.kind
"""
"""Who had none of a kind is known best to whoever saw the client alone."""
WEEKLY = ("weekday", "starts_minute", "ends_minute")


def minute_at(instant: datetime) -> int:
    """The minute of an instant, counted from 1970 on."""
    return int(instant.timestamp() // 60)


def instant_at(minute: int) -> datetime:
    """When a minute begins."""
    return datetime.fromtimestamp(minute * 60, UTC)


def spans(times: Iterable[Any]) -> tuple[Span, ...]:
    """Ranges of the database."""
    return tuple(Span(minute_at(during.lower), minute_at(during.upper)) for during in times)


def whole_day(day: date, zone: str) -> Span:
    """A day by the calendar of a zone."""
    return Span(*map(minute_at, day_bounds(day, zone)))


def weekly(monday: date, zone: str, weekday: int, *times: int) -> Span:
    """A time of each week by the wall clock of a zone, in the week of a Monday; `weekday` 1 is
    Monday, and the two times are minutes from midnight."""
    clock = datetime.combine(monday + timedelta(days=weekday - 1), time())
    walls = (clock + timedelta(minutes=one) for one in times)
    starts, ends = (instant_of(wall.date(), wall.time(), ZoneInfo(zone)) for wall in walls)
    return Span(minute_at(starts), minute_at(ends))


async def load(tx: Transaction, site_ids: Sequence[UUID], monday: date, since: datetime) -> Problem:
    """The sessions of that week that begin after `since`, and what they may be planned with. The
    transaction sees all sites, as people work at others too."""
    policy, origin = plan_policy(), datetime.combine(monday, time(), UTC)
    asked = policy.sessions_of_one_client
    around = asyncpg.Range(origin - timedelta(days=1), origin + timedelta(days=8))
    habits_from = origin - timedelta(weeks=policy.weeks_of_habit)
    due = [origin - timedelta(weeks=one.every_weeks - 1, days=1) for one in asked.values()]
    found = Found(monday, since, await tx.fetch(SITES, monday))
    groups = await tx.fetch(GROUPS, site_ids, since, monday, habits_from, origin)
    planned = [row["id"] for row in groups]
    rooms = await tx.fetch(ROOMS, site_ids, around, planned)
    staff = await tx.fetch(STAFF, site_ids, around, planned, monday)
    clients = await tx.fetch(DEMANDS, site_ids, around, list(asked), due)
    seats = tuple(week.Room(**{**row, "taken": spans(row["taken"])}) for row in rooms)
    people = tuple(map(found.person, staff))
    asked_for = tuple(map(found.session, groups)), tuple(map(found.demand, clients))
    return Problem(seats, people, *asked_for, found.ways(people))


class Found:
    """Rows as parts of the problem, by the zones, hours and places of all sites."""

    def __init__(self, monday: date, since: datetime, sites: Iterable[asyncpg.Record]):
        self.monday = monday
        self.left = Span(
            minute_at(since), minute_at(datetime.combine(monday, time(), UTC)) + 8 * 1440
        )
        self.sites = {row["id"]: row for row in sites}
        self.opening = {site: self._opening(row) for site, row in self.sites.items()}

    def _opening(self, site: asyncpg.Record) -> tuple[Span, ...]:
        """By its hours, at any time where it has none, and on no closed day."""
        zone, days = site["time_zone"], range(1, 8)
        hours = site["opening"] or [(weekday, 0, 1440) for weekday in days]
        closed = (whole_day(day, zone) for day in site["closed"])
        return without((weekly(self.monday, zone, *one) for one in hours), closed)

    def session(self, row: asyncpg.Record) -> week.Session:
        known = dict(row)
        posts = {post: known.pop(post) for post in POSTS}
        (known["span"],) = spans([row["span"]])
        known["credentials"] = tuple(sorted(row["credentials"]))
        return week.Session(**known, published=week.Staffing(**posts))

    def person(self, row: asyncpg.Record) -> week.Person:
        """Who stated no hours works while a site is open; a credential is good to its last day."""
        zones = {site: self.sites[site]["time_zone"] for site in row["sites"]}
        hours = [Stay(site, span) for site in zones for span in self.opening[site]]
        if stated := orjson.loads(row["hours"]):
            hours = [
                Stay(site, weekly(self.monday, zones[site], *(one[name] for name in WEEKLY)))
                for one in stated
                if (site := UUID(one["site_id"])) in zones
            ]
        days = {one["credential"]: one["expires_on"] for one in orjson.loads(row["credentials"])}
        zone = zones[row["sites"][0]]
        credentials = {
            one: last and whole_day(date.fromisoformat(last), zone).ends
            for one, last in days.items()
        }
        taken = tuple(Stay(site, *spans([during])) for site, during in row["taken"])
        caseload = row["caseload_limit"], frozenset(row["caseload"])
        away = spans(row["leave"]), taken
        return week.Person(row["id"], tuple(hours), credentials, *away, *caseload)

    def demand(self, row: asyncpg.Record) -> week.Demand:
        """A session that a client is to have by the policy and has not: when the client can come
        and is not in another one; rather on a day on which the client comes anyway."""
        asked = plan_policy().sessions_of_one_client[row["kind"]]
        zone = self.sites[row["site_id"]]["time_zone"]
        times = common(self.opening[row["site_id"]], [self.left])
        if stated := orjson.loads(row["available"] or "{}").get("available"):
            times = common(times, joined(self._stated(stated, row["time_zone"] or zone)))
        days = {during.lower.astimezone(ZoneInfo(zone)).date() for during in row["busy"]}
        return week.Demand(
            uuid5(row["placement_id"], f"{row['kind']} {self.monday}"),
            available=without(times, spans(row["busy"])),
            preferred=tuple(whole_day(day, zone) for day in sorted(days)),
            credentials=tuple(sorted(asked.credentials)),
            **{name: row[name] for name in ("client_id", "site_id", "kind", "usual")},
            **asked.model_dump(include={"minutes", "people"}),
        )

    def _stated(self, times: Iterable[Mapping[str, Any]], zone: str) -> Iterator[Span]:
        """By the client's own clock; 00:00 ends the day."""
        for one in times:
            starts, ends = minute_of(one["starts_at"][:5]), minute_of(one["ends_at"][:5])
            yield weekly(self.monday, zone, one["weekday"], starts, ends or 1440)

    def ways(self, people: Iterable[week.Person]) -> week.Way:
        """Minutes between the sites to which people go; unknown places are no way apart."""
        there = {stay.site_id for one in people for stay in (*one.hours, *one.taken)}
        points = {
            site: Point(row["latitude"], row["longitude"])
            for site, row in self.sites.items()
            if site in there and row["latitude"] is not None
        }
        travel = travel_policy()
        return {
            (one, other): travel_minutes(points[one], points[other], travel)
            for one, other in permutations(points, 2)
        }


def basis(problem: Problem) -> dict[str, str]:
    """What a plan rests on, thing by thing, in short."""
    found = {
        **{f"room {one.id}": one for one in problem.rooms},
        **{f"person {one.id}": one for one in problem.people},
        **{f"session {one.id}": one for one in problem.sessions},
        **{f"client {one.client_id} {one.kind}": one for one in problem.demands},
    }
    return {name: sha256(repr(one).encode()).hexdigest()[:16] for name, one in found.items()}
