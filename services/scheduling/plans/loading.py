"""The week of some sites as a problem: what of it the database says."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from itertools import permutations
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import asyncpg

from services.scheduling.appointments.policy import slot_policy
from services.scheduling.appointments.queries import ASSIGNED
from services.scheduling.directory.policy import travel_policy
from services.scheduling.directory.queries import rooms_of, staff_of
from services.scheduling.directory.rules import Person, Room, travel_minutes
from services.scheduling.directory.rules import Place as Point
from services.scheduling.plans.policy import plan_policy
from services.scheduling.plans.rules import problem as week
from services.scheduling.plans.rules.measures import POSTS
from services.scheduling.plans.rules.problem import Problem, Span, Stay, without
from services.scheduling.preferences.queries import known_clients
from services.scheduling.preferences.rules import Client
from services.scheduling.sessions.rules import day_bounds, instant_of
from shared.database import Record, Transaction
from shared.weekly import Window

SITES = """
SELECT i.id, i.time_zone, i.latitude, i.longitude,
  ARRAY(SELECT ARRAY[weekday, opens_minute, closes_minute] FROM opening_hours
    WHERE site_id = i.id) AS opening,
  ARRAY(SELECT day FROM closed_days
    WHERE site_id = i.id AND day BETWEEN $1::date AND $1::date + 6) AS closed
FROM sites i
"""
GROUPS = f"""
SELECT s.id, s.site_id, tstzrange(s.starts_at, s.ends_at) AS span, two.hold_it AS by_two,
  c.capacity + 1 + two.hold_it::int AS people, s.modality = 'telehealth' AS telehealth,
  c.credentials, assigned.facilitator_id AS facilitator,
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
TAKEN = """
SELECT b.resource_id, CASE s.modality WHEN 'telehealth' THEN NULL ELSE b.site_id END AS site_id,
  b.during, ARRAY(SELECT c.resource_id FROM bookings c
    WHERE c.session_id = s.id AND c.kind = 'client' AND s.cohort_id IS NULL
      AND b.kind = 'facilitator'
      AND (s.starts_at AT TIME ZONE s.time_zone)::date BETWEEN $4::date AND $4::date + 6) AS clients
FROM bookings b JOIN sessions s ON s.id = b.session_id
WHERE b.resource_id = ANY ($1::uuid[]) AND b.during && $2 AND b.session_id <> ALL ($3::uuid[])
ORDER BY b.during
"""
"""With the clients whom somebody sees alone in the week."""
DEMANDS = """
SELECT p.id AS placement_id, p.client_id, p.site_id, asked.kind, last.facilitator AS usual,
  ARRAY(
    SELECT during FROM bookings
    WHERE resource_id = ANY (platform.records_of(p.client_id)) AND during && $2::tstzrange
    ORDER BY during
  ) AS busy
FROM placements p CROSS JOIN unnest($3::text[], $4::timestamptz[]) AS asked(kind, due)
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


def weekly(monday: date, zone: str, at: Window) -> Span:
    """A time of each week by the wall clock of a zone, in the week of a Monday."""
    clock = datetime.combine(monday + timedelta(days=at.weekday - 1), time())
    walls = (clock + timedelta(minutes=one) for one in (at.starts_minute, at.ends_minute))
    return Span(*(minute_at(instant_of(one.date(), one.time(), ZoneInfo(zone))) for one in walls))


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
    rooms, staff = await rooms_of(tx, site_ids), await staff_of(tx, site_ids)
    resources = [room.id for room in rooms] + [person.id for person in staff]
    for row in await tx.fetch(TAKEN, resources, around, [row["id"] for row in groups], monday):
        found.taken[row["resource_id"]].append(Stay(row["site_id"], *spans([row["during"]])))
        found.caseloads[row["resource_id"]] |= frozenset(row["clients"])
    clients = await tx.fetch(DEMANDS, site_ids, around, list(asked), due)
    known = await known_clients(tx, [row["client_id"] for row in clients], familiar=False)
    people = tuple(map(found.person, staff))
    alone = (found.alone(row, known[row["client_id"]]) for row in clients)
    sessions = (*map(found.session, groups), *alone)
    return Problem(tuple(map(found.room, rooms)), people, sessions, found.ways(people))


class Found:
    """Rows as parts of the problem, by the zones, hours and places of all sites."""

    def __init__(self, monday: date, since: datetime, sites: Iterable[Record]):
        self.monday, begins = monday, minute_at(datetime.combine(monday, time(), UTC))
        self.week = Span(begins - 1440, begins + 8 * 1440)
        self.past = Span(0, minute_at(since))
        self.taken: dict[UUID, list[Stay]] = defaultdict(list)
        self.caseloads: dict[UUID, frozenset[UUID]] = defaultdict(frozenset)
        self.sites = {row["id"]: row for row in sites}
        always = [Window(weekday, 0, 1440) for weekday in range(1, 8)]
        usual = {site: slot_policy(site).without_opening_hours.week for site in self.sites}
        self.opening = {site: self._opening(row, always) for site, row in self.sites.items()}
        self.for_one = {site: self._opening(row, usual[site]) for site, row in self.sites.items()}
        """When sessions of one client may be."""

    def _opening(self, site: Record, else_at: Iterable[Window]) -> tuple[Span, ...]:
        """By its hours, else at the times given, and on no closed day."""
        zone = site["time_zone"]
        hours = [Window(*one) for one in site["opening"]] or else_at
        closed = (whole_day(day, zone) for day in site["closed"])
        return without((weekly(self.monday, zone, one) for one in hours), closed)

    def session(self, row: Record) -> week.Session:
        (span,) = spans([row["span"]])
        return week.Session(
            times=(span,),
            minutes=span.minutes,
            posts=tuple(post for post in POSTS if row["by_two"] or post != "cofacilitator"),
            credentials=tuple(sorted(row["credentials"])),
            published=week.Staffing(*(row[post] for post in POSTS)),
            **{name: row[name] for name in ("id", "site_id", "people", "telehealth", "usual")},
        )

    def room(self, one: Room) -> week.Room:
        taken = tuple(stay.span for stay in self.taken[one.id])
        return week.Room(one.id, one.site_id, one.capacity, one.kind == "telehealth", taken)

    def person(self, one: Person) -> week.Person:
        """Who stated no hours works while a site is open; a credential is good to its last day."""
        zones = {site: self.sites[site]["time_zone"] for site in sorted(one.site_ids)}
        hours = [Stay(site, span) for site in zones for span in self.opening[site]]
        if one.hours:
            there = (at for at in one.hours if at.site_id in zones)
            hours = [Stay(a.site_id, weekly(self.monday, zones[a.site_id], a)) for a in there]
        zone = next(iter(zones.values()))
        ends = {held.credential: held.expires_on for held in one.credentials}
        credentials = {name: whole_day(on, zone).ends if on else None for name, on in ends.items()}
        leave = (Span(*map(minute_at, times)) for times in one.leave)
        away = tuple(sorted(span for span in leave if span.meets(self.week)))
        busy = away, tuple(self.taken[one.id]), one.caseload_limit, self.caseloads[one.id]
        return week.Person(one.id, tuple(hours), credentials, *busy)

    def alone(self, row: Record, client: Client) -> week.Session:
        """A session that a client is to have by the policy and has not: when the client can come
        and is not in another one; rather on a day on which the client comes anyway."""
        asked = plan_policy().sessions_of_one_client[row["kind"]]
        site, zone = self.for_one[row["site_id"]], self.sites[row["site_id"]]["time_zone"]
        comes = [weekly(self.monday, client.zone or zone, one) for one in client.windows]
        never = without([self.week], comes) if comes else ()
        days = {during.lower.astimezone(ZoneInfo(zone)).date() for during in row["busy"]}
        return week.Session(
            uuid5(row["placement_id"], f"{row['kind']} {self.monday}"),
            times=without(site, (self.past, *never, *spans(row["busy"]))),
            preferred=tuple(whole_day(day, zone) for day in sorted(days)),
            credentials=tuple(sorted(asked.credentials)),
            **{name: row[name] for name in ("client_id", "site_id", "kind", "usual")},
            **asked.model_dump(include={"minutes", "people"}),
        )

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
        **{f"session {one.id}": one for one in problem.of_cohorts},
        **{f"client {one.client_id} {one.kind}": one for one in problem.of_clients},
    }
    return {name: sha256(repr(one).encode()).hexdigest()[:16] for name, one in found.items()}
