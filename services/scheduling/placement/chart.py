"""The cohorts in reach of some sites and their seats, as they are in this transaction."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from services.scheduling.directory.commands import lock_sites
from services.scheduling.directory.policy import travel_policy
from services.scheduling.directory.rules import Place, travel_minutes
from services.scheduling.hours.policy import level_hours
from services.scheduling.placement.policy import ReachPolicy, placement_policy
from services.scheduling.placement.rules import (
    Choice,
    Cohort,
    Eligibility,
    Need,
    Situation,
    choose_cohort,
)
from services.scheduling.preferences.rules import Client, Meeting
from shared.database import Transaction
from shared.messaging.consumer import Received

SEATS = """
SELECT c.id, c.site_id, c.name, c.track, c.gender_group, c.capacity, c.seats_taken AS taken,
  c.eligibility, (c.phases -> 0 ->> 'minimum_minutes')::int AS phase_minutes, c.enrolment,
  o.name AS site_name, o.time_zone, next.starts_at, week.begin_at, week.lengths,
  began.starts_at AS began_at, freed.at AS frees_at
FROM cohorts c
JOIN sites o ON o.id = c.site_id
LEFT JOIN LATERAL (
  SELECT s.starts_at FROM sessions s WHERE s.cohort_id = c.id AND s.starts_at > $2
    AND s.not_held_at IS NULL AND (s.phases IS NULL OR 1 = ANY (s.phases))
  ORDER BY s.starts_at, s.id LIMIT 1
) AS next ON true
LEFT JOIN LATERAL (
  SELECT array_agg(s.starts_at) AS begin_at,
    array_agg((extract(epoch FROM s.ends_at - s.starts_at) / 60)::int) AS lengths
  FROM sessions s WHERE s.cohort_id = c.id AND s.starts_at >= next.starts_at
    AND s.starts_at < next.starts_at + interval '7 days'
    AND s.not_held_at IS NULL AND (s.phases IS NULL OR 1 = ANY (s.phases))
) AS week ON true
LEFT JOIN LATERAL (
  SELECT s.starts_at FROM sessions s
  WHERE s.cohort_id = c.id AND s.starts_at <= $2 AND s.not_held_at IS NULL
  ORDER BY s.starts_at, s.id LIMIT 1
) AS began ON true
LEFT JOIN LATERAL (
  SELECT min(ends.at) AS at FROM placements p
  CROSS JOIN LATERAL (SELECT coalesce(p.proposed_until, coalesce(p.phase_began_at, p.placed_at)
    + make_interval(weeks => (SELECT sum((phase.value ->> 'weeks')::int)
      FROM jsonb_array_elements(c.phases) WITH ORDINALITY AS phase(value, nth)
      WHERE phase.nth >= p.phase)::int)) AS at) AS ends
  WHERE p.cohort_id = c.id AND p.ended_at IS NULL AND ends.at > $2
) AS freed ON c.seats_taken >= c.capacity
WHERE c.site_id = ANY ($1::uuid[]) AND (
  next.starts_at IS NOT NULL OR NOT EXISTS (SELECT FROM sessions s WHERE s.cohort_id = c.id)
) ORDER BY c.id
"""
"""Cohorts whose sessions are all over or not held are left out; those whose sessions are not
planned yet are not. A full one has a seat when somebody's phases are over, or a proposal is."""
REGION = """
SELECT home.id AS home, home.latitude AS from_latitude, home.longitude AS from_longitude,
  other.id, other.latitude, other.longitude
FROM sites home JOIN sites other ON other.region_id = home.region_id AND other.id <> home.id
WHERE home.id = ANY ($1::uuid[])
"""
SAME_REGION = """
SELECT freed.id AS freed, other.id FROM sites freed
JOIN sites other ON other.region_id = freed.region_id AND other.id <> freed.id
WHERE freed.id = ANY ($1::uuid[])
"""
SEATED = """
SELECT p.client_id, p.cohort_id FROM unnest($1::uuid[]) AS apart(client_id)
JOIN placements p ON p.client_id = apart.client_id AND p.ended_at IS NULL
"""


@dataclass(slots=True)
class Chart:
    """The seats of some sites and of those in their reach, while they are given away."""

    cohorts: dict[UUID, Cohort]
    travel: Mapping[UUID, Mapping[UUID, int | None]]
    """Site → other sites of its region that it reaches → minutes, where their places are known."""
    seated: dict[UUID, set[UUID]] = field(default_factory=lambda: defaultdict(set))
    """Cohort → those in it who must be kept apart from somebody who looks for a seat."""

    @classmethod
    async def counted(cls, tx: Transaction, site_ids: Iterable[UUID]) -> "Chart":
        """Count the seats of sites that this transaction has locked; those in their reach are
        locked here.

        A statement of its own, so that it sees what was committed while the lock was waited for.
        The lock is the site's and not a cohort's: a client who would have to wait does not miss a
        cohort that is opened at the same moment.
        """
        sites = set(site_ids)
        travel = await _travel(tx, sites)
        beyond = {other for reached in travel.values() for other in reached} - sites
        if beyond:
            await lock_sites(tx, beyond)
        return await cls.seen(tx, sites, travel)

    @classmethod
    async def seen(
        cls,
        tx: Transaction,
        site_ids: Iterable[UUID],
        travel: Mapping[UUID, Mapping[UUID, int | None]] | None = None,
    ) -> "Chart":
        """The seats as they are at this moment, without a lock: to look, not to give."""
        sites = set(site_ids)
        reached = await _travel(tx, sites) if travel is None else travel
        sites = sites.union(*reached.values())
        rows = await tx.fetch(SEATS, sorted(sites), tx.now)
        return cls({row["id"]: _cohort(row) for row in rows}, reached)

    async def keep_apart(self, tx: Transaction, clients: Iterable[Client]) -> None:
        """Learn where those have seats whom these clients must not meet."""
        apart = set[UUID]().union(*(client.apart_from for client in clients))
        if apart:
            for row in await tx.fetch(SEATED, sorted(apart)):
                self.seated[row["cohort_id"]].add(row["client_id"])

    def choose(self, tx: Transaction, site_id: UUID, need: Need, client: Client) -> Choice:
        """Which cohort in reach of the site fits the client best, now."""
        policy = placement_policy(site_id)
        travel = self.travel.get(site_id, {})
        cohorts = [
            cohort
            for cohort in self.cohorts.values()
            if cohort.site_id == site_id or _reached(cohort, travel, policy.reach)
        ]
        at = Situation(
            tx.now,
            client,
            frozenset(c for c, there in self.seated.items() if there & client.apart_from),
            {site: minutes or 0 for site, minutes in travel.items()},
            _level_minutes(site_id, client),
        )
        return choose_cohort(need, cohorts, policy, at)

    def take(self, cohort_id: UUID, client_id: UUID, seats: int = 1) -> None:
        """Count seats of a cohort as taken, or as free with a negative number."""
        cohort = self.cohorts[cohort_id]
        self.cohorts[cohort_id] = replace(cohort, taken=cohort.taken + seats)
        if seats > 0:
            self.seated[cohort_id].add(client_id)


async def with_reaching(
    tx: Transaction, freed_by: Mapping[UUID, Received[Any] | None]
) -> Mapping[UUID, Received[Any] | None]:
    """These sites and those whose clients may take seats there, which are locked; each with the
    event because of which a seat is free, if one is."""
    policies = (placement_policy(), *placement_policy.of_sites.values())
    if not freed_by or not any(policy.reach.beyond_site for policy in policies):
        return freed_by
    rows = await tx.fetch(SAME_REGION, list(freed_by))
    near = {r["id"]: freed_by[r["freed"]] for r in rows if r["id"] not in freed_by}
    reaching = {one: by for one, by in near.items() if placement_policy(one).reach.beyond_site}
    await lock_sites(tx, reaching)
    return {**reaching, **freed_by}


async def _travel(tx: Transaction, site_ids: set[UUID]) -> Mapping[UUID, Mapping[UUID, int | None]]:
    """Sites whose policy looks beyond them → other sites of the region → minutes."""
    reaching = [site for site in site_ids if placement_policy(site).reach.beyond_site]
    if not reaching:
        return {}
    found: dict[UUID, dict[UUID, int | None]] = {site: {} for site in reaching}
    for row in await tx.fetch(REGION, reaching):
        policy = placement_policy(row["home"]).reach
        places = (row["from_latitude"], row["from_longitude"], row["latitude"], row["longitude"])
        minutes = None
        if None not in places:
            here, there = Place(*places[:2]), Place(*places[2:])
            minutes = travel_minutes(here, there, travel_policy().travel)
        if policy.telehealth_of_region or _near(minutes, policy.travel_minutes):
            found[row["home"]][row["id"]] = minutes
    return found


def _near(minutes: int | None, most: int) -> bool:
    return minutes is not None and most > 0 and minutes <= most


def _reached(cohort: Cohort, travel: Mapping[UUID, int | None], reach: ReachPolicy) -> bool:
    if cohort.site_id not in travel:
        return False
    by_telehealth = reach.telehealth_of_region and cohort.eligibility.telehealth
    return by_telehealth or _near(travel[cohort.site_id], reach.travel_minutes)


def _level_minutes(site_id: UUID, client: Client) -> int:
    """What the client's level of care asks to be planned a week; 0 where that is not known."""
    if client.level_of_care is None:
        return 0
    population = level_hours(site_id).populations[
        "adolescent" if client.age_band == "adolescent" else "adult"
    ]
    return population.minimum_minutes.get(client.level_of_care, 0)


def _cohort(row: asyncpg.Record) -> Cohort:
    values = dict(row)
    begin_at, lengths = values.pop("begin_at") or (), values.pop("lengths") or ()
    week = tuple(Meeting(at, minutes) for at, minutes in zip(begin_at, lengths, strict=True))
    return Cohort(**{**values, "week": week, "eligibility": _eligibility(row["eligibility"])})


def _eligibility(stored: str) -> Eligibility:
    values = orjson.loads(stored)
    if values.get("age_bands") is not None:
        values["age_bands"] = tuple(values["age_bands"])
    return Eligibility(**values)
