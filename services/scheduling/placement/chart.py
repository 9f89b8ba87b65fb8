"""The cohorts in reach of some sites and their seats, as they are in this transaction."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
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
    EVERYBODY,
    Choice,
    Cohort,
    Eligibility,
    Need,
    Situation,
    choose,
    compare,
)
from services.scheduling.preferences.rules import Client
from shared.database import Transaction, at_all_sites
from shared.messaging.consumer import Received

SEATS = """
SELECT c.id, c.track, c.gender_group, c.capacity, c.seats_taken AS taken, c.name, c.site_id,
  o.name AS site_name, o.time_zone, c.enrolment, c.eligibility,
  (c.phases -> 0 ->> 'minimum_minutes')::int AS phase_minutes,
  CASE WHEN c.enrolment = 'closed' THEN (
    SELECT min(s.starts_at) FROM sessions s
    WHERE s.cohort_id = c.id AND s.starts_at <= $2 AND s.not_held_at IS NULL
  ) END AS began_at
FROM cohorts c
JOIN sites o ON o.id = c.site_id
WHERE c.site_id = ANY ($1::uuid[]) AND (c.last_starts_at IS NULL OR c.last_starts_at > $2)
ORDER BY c.id
"""
"""In the order of the fields of `Cohort`. Those whose sessions are all over or not held are left
out; those whose sessions are not planned yet are not."""
AHEAD = """
SELECT asked.cohort_id, ahead.* FROM unnest($1::uuid[]) AS asked(cohort_id)
CROSS JOIN LATERAL (
  SELECT array_agg(starts_at) AS begin_at, array_agg(minutes) AS lengths FROM (
    SELECT starts_at, (date_part('epoch', ends_at - starts_at) / 60)::int AS minutes FROM sessions
    WHERE cohort_id = asked.cohort_id AND starts_at > $2 AND starts_at < $3
      AND not_held_at IS NULL AND (phases IS NULL OR 1 = ANY (phases))
    ORDER BY starts_at LIMIT 21
  ) AS s
) AS ahead WHERE ahead.begin_at IS NOT NULL
"""
"""The next sessions of each cohort for clients who begin; 21 are three a day of a week."""
WEEK = timedelta(days=7)
FREED = """
SELECT c.id, p.phase, c.phases, min(coalesce(p.phase_began_at, p.placed_at)) AS began_at,
  min(p.proposed_until) AS proposed_until
FROM cohorts c JOIN placements p ON p.cohort_id = c.id AND p.ended_at IS NULL
WHERE c.id = ANY ($1::uuid[]) GROUP BY c.id, p.phase
"""
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
UNION
SELECT o.client_id, o.cohort_id FROM unnest($1::uuid[]) AS apart(client_id)
JOIN seat_offers o ON o.client_id = apart.client_id AND o.ended_at IS NULL
"""
"""Seats that these clients have, or that are held for them."""


@dataclass(slots=True)
class Chart:
    """The seats of some sites and of those in their reach, while they are given away."""

    cohorts: dict[UUID, Cohort]
    travel: Mapping[UUID, Mapping[UUID, int | None]]
    """Site → other sites of its region that it reaches → minutes, where their places are known."""
    seated: dict[UUID, set[UUID]] = field(default_factory=lambda: defaultdict(set))
    """Cohort → those in it who must be kept apart from somebody who looks for a seat."""
    looked_at: set[UUID] = field(default_factory=set)
    """Cohorts whose next sessions are known."""

    @classmethod
    async def counted(cls, tx: Transaction, site_ids: Iterable[UUID]) -> "Chart":
        """Count the seats of sites that this transaction has locked with `lock_region`.

        A statement of its own, so that it sees what was committed while the lock was waited for.
        The lock is the site's and not a cohort's: a client who would have to wait does not miss a
        cohort that is opened at the same moment.
        """
        return await cls.seen(tx, site_ids)

    @classmethod
    async def seen(cls, tx: Transaction, site_ids: Iterable[UUID]) -> "Chart":
        """The seats as they are at this moment, without a lock: to look, not to give."""
        sites = set(site_ids)
        travel = await _travel(tx, sites)
        rows = await tx.fetch(SEATS, sorted(sites.union(*travel.values())), tx.now)
        return cls(await _cohorts(tx, rows), travel)

    def only(self, cohort_id: UUID) -> "Chart":
        """The seats of one cohort, as they are now; what is taken of them is not counted here."""
        return replace(
            self,
            cohorts={k: replace(c) for k, c in self.cohorts.items() if k == cohort_id},
            seated=defaultdict(set, {k: set(there) for k, there in self.seated.items()}),
        )

    async def keep_apart(self, tx: Transaction, clients: Iterable[Client]) -> None:
        """Learn where those have seats whom these clients must not meet."""
        apart = set[UUID]().union(*(client.apart_from for client in clients))
        if apart:
            for row in await tx.fetch(SEATED, sorted(apart)):
                self.seated[row["cohort_id"]].add(row["client_id"])

    async def choose(self, tx: Transaction, site_id: UUID, need: Need, client: Client) -> Choice:
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
        compared = compare(need, cohorts, policy, at)
        await self._look_ahead(tx, [one.cohort for one in compared if one.eligible])
        return choose(compared, policy, at)

    async def _look_ahead(self, tx: Transaction, cohorts: Iterable[Cohort]) -> None:
        """Learn the next sessions of those of these cohorts whose are not known yet."""
        unknown = {one.id: one for one in cohorts if one.id not in self.looked_at}
        self.looked_at |= unknown.keys()
        for until in (tx.now + 2 * WEEK, datetime.max.replace(tzinfo=UTC)):
            rows = await tx.fetch(AHEAD, list(unknown), tx.now, until) if unknown else ()
            for row in rows:
                begins, lengths = row["begin_at"], row["lengths"]
                if begins[0] + WEEK <= until:  # else its week is not seen to the end
                    cohort = unknown.pop(row["cohort_id"])
                    week = zip(begins, lengths, strict=True)
                    cohort.starts_at = begins[0]
                    cohort.week = tuple([one for one in week if one[0] < begins[0] + WEEK])

    def take(self, cohort_id: UUID, client_id: UUID, seats: int = 1) -> None:
        """Count seats of a cohort as taken, or as free with a negative number."""
        self.cohorts[cohort_id].taken += seats
        if seats > 0:
            self.seated[cohort_id].add(client_id)


async def lock_region(tx: Transaction, site_ids: Iterable[UUID]) -> None:
    """Lock sites at which seats are given or freed; where a policy lets clients join cohorts of
    other sites, with all sites of their regions."""
    sites = set(site_ids)
    if not any_beyond():
        await lock_sites(tx, sites)
        return
    async with at_all_sites(tx):
        sites |= {row["id"] for row in await tx.fetch(SAME_REGION, list(sites))}
        await lock_sites(tx, sites)


def any_beyond() -> bool:
    """Whether some policy lets clients join cohorts of other sites."""
    policies = (placement_policy(), *placement_policy.of_sites.values())
    return any(policy.reach.beyond_site for policy in policies)


async def with_reaching(
    tx: Transaction, freed_by: Mapping[UUID, Received[Any] | None]
) -> Mapping[UUID, Received[Any] | None]:
    """These sites and those whose clients may take seats there; each with the event because of
    which a seat is free, if one is."""
    if not freed_by or not any_beyond():
        return freed_by
    rows = await tx.fetch(SAME_REGION, list(freed_by))
    near = {r["id"]: freed_by[r["freed"]] for r in rows if r["id"] not in freed_by}
    reaching = {one: by for one, by in near.items() if placement_policy(one).reach.beyond_site}
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
            minutes = travel_minutes(here, there, travel_policy())
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


async def _cohorts(tx: Transaction, rows: Sequence[asyncpg.Record]) -> dict[UUID, Cohort]:
    """The cohorts of these rows; of full ones with phases when the first client is through them, or
    a proposal lapses: then a seat is known to become free."""
    full = [row["id"] for row in rows if row["taken"] >= row["capacity"]]
    frees_at: dict[UUID, datetime] = {}
    for row in await tx.fetch(FREED, full) if full else ():
        left = orjson.loads(row["phases"])[row["phase"] - 1 :]
        through = row["began_at"] + timedelta(weeks=sum(phase["weeks"] for phase in left))
        for at in (through if left else None, row["proposed_until"]):
            if at is not None and at > tx.now:
                frees_at[row["id"]] = min(at, frees_at.get(row["id"], at))
    cohorts = {}
    for row in rows:
        *plain, eligibility, phase_minutes, began_at = row
        rules, frees = _eligibility(eligibility), frees_at.get(row["id"])
        fields = (*plain, rules, phase_minutes, began_at, None, (), frees)
        cohorts[row["id"]] = Cohort(*fields)
    return cohorts


@lru_cache(maxsize=1_000)
def _eligibility(stored: str) -> Eligibility:
    values = orjson.loads(stored)
    if values.get("age_bands") is not None:
        values["age_bands"] = tuple(values["age_bands"])
    found = Eligibility(**values)
    return EVERYBODY if found == EVERYBODY else found
