"""Clients who need seats, and the cohorts in their reach, as they are in this transaction."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Self
from uuid import UUID

import orjson

from services.scheduling.directory.commands import lock_sites
from services.scheduling.directory.policy import travel_policy
from services.scheduling.directory.rules import Place, travel_minutes
from services.scheduling.hours.policy import level_hours
from services.scheduling.placement.policy import placement_policy
from services.scheduling.placement.rules import values
from services.scheduling.placement.rules.ranking import choose, compare
from services.scheduling.placement.rules.waiting import NO_URGENCY
from services.scheduling.preferences.queries import known_clients
from services.scheduling.preferences.rules import Client
from shared.contracts.intake import ClientEnrolled
from shared.database import Record, Transaction, at_all_sites
from shared.errors import found
from shared.messaging.consumer import Received

STAY = """
SELECT p.client_id, p.site_id, p.enrolment_id, p.gender_group, p.priority, p.enrolled_at,
  coalesce(w.dual_diagnosis, p.dual_diagnosis) AS dual_diagnosis
FROM preferences p LEFT JOIN waitlist w ON w.enrolment_id = p.enrolment_id AND w.left_at IS NULL
"""
OF_CLIENT = f"""{STAY}
WHERE p.client_id = ANY (platform.records_of($1)) AND p.enrolment_id IS NOT NULL
ORDER BY p.enrolled_at DESC, p.client_id LIMIT 1
"""
WAITING = """
SELECT client_id, site_id, enrolment_id, dual_diagnosis, gender_group, priority, urgency,
  coalesce(enrolled_at, waitlisted_at) AS enrolled_at, true AS waits
FROM waitlist w WHERE site_id = ANY ($1::uuid[]) AND left_at IS NULL
  AND (offer_again_at IS NULL OR offer_again_at <= $2)
  AND NOT EXISTS (SELECT FROM seat_offers o
                  WHERE o.enrolment_id = w.enrolment_id AND o.ended_at IS NULL)
"""
"""Those who may be given or offered a seat now."""
SAID = {"client_id", "site_id", "enrolment_id", "dual_diagnosis", "gender_group", "enrolled_at"}
SEATS = """
SELECT c.id, c.track, c.gender_group, c.capacity, c.seats_taken, c.name, c.site_id, o.name,
  o.time_zone, c.enrolment, (c.phases -> 0 ->> 'minimum_minutes')::int,
  CASE WHEN c.enrolment = 'closed' THEN (
    SELECT min(s.starts_at) FROM sessions s
    WHERE s.cohort_id = c.id AND s.starts_at <= $2 AND s.not_held_at IS NULL
  ) END,
  CASE WHEN c.seats_taken >= c.capacity THEN (
    SELECT min(known.at) FROM placements p CROSS JOIN LATERAL (
      SELECT coalesce(p.phase_began_at, p.placed_at)
        + make_interval(hours => 7 * 24 * sum((phase ->> 'weeks')::int)::int) AS at
      FROM jsonb_array_elements(c.phases) WITH ORDINALITY AS left_of_it(phase, number)
      WHERE number >= p.phase UNION ALL SELECT p.proposed_until
    ) AS known WHERE p.cohort_id = c.id AND p.ended_at IS NULL AND known.at > $2
  ) END, c.eligibility
FROM cohorts c
JOIN sites o ON o.id = c.site_id
WHERE c.site_id = ANY ($1::uuid[]) AND (c.last_starts_at IS NULL OR c.last_starts_at > $2)
ORDER BY c.id
"""
"""In the order of the fields of `Cohort`; a seat of a full one is known to become free when the
first client is through its phases, or a proposal lapses. Those whose sessions are all over or not
held are left out; those whose sessions are not planned yet are not."""
AHEAD = """
SELECT asked.cohort_id, week.* FROM unnest($1::uuid[]) AS asked(cohort_id)
CROSS JOIN LATERAL (
  SELECT starts_at FROM sessions
  WHERE cohort_id = asked.cohort_id AND starts_at > $2 AND not_held_at IS NULL
    AND (phases IS NULL OR 1 = ANY (phases)) ORDER BY starts_at LIMIT 1
) AS next
CROSS JOIN LATERAL (
  SELECT array_agg(s.starts_at) AS begin_at, array_agg(s.minutes) AS lengths FROM (
    SELECT starts_at, (date_part('epoch', ends_at - starts_at) / 60)::int AS minutes FROM sessions
    WHERE cohort_id = asked.cohort_id AND starts_at >= next.starts_at
      AND starts_at < next.starts_at + interval '168 hours' AND not_held_at IS NULL
      AND (phases IS NULL OR 1 = ANY (phases)) ORDER BY starts_at
  ) AS s
) AS week
"""
"""The sessions of each cohort for clients who begin, of seven days from the next one on."""
REGION = """
SELECT home.id AS home, home.latitude AS from_latitude, home.longitude AS from_longitude,
  other.id, other.latitude, other.longitude
FROM sites home JOIN sites other ON other.region_id = home.region_id AND other.id <> home.id
WHERE home.id = ANY ($1::uuid[])
"""
SEATED = """
SELECT p.client_id, p.cohort_id FROM unnest($1::uuid[]) AS apart(client_id)
JOIN placements p ON p.client_id = apart.client_id AND p.ended_at IS NULL
UNION
SELECT o.client_id, o.cohort_id FROM unnest($1::uuid[]) AS apart(client_id)
JOIN seat_offers o ON o.client_id = apart.client_id AND o.ended_at IS NULL
"""
"""Seats that these clients have, or that are held for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival(values.Need):
    """A client who needs a seat, and the event because of which one is looked for now."""

    client_id: UUID
    site_id: UUID
    enrolment_id: UUID
    priority: int
    """Place in the order of priority populations; waiting clients with a lower one go first."""
    enrolled_at: datetime
    cause: Received[Any] | None = None
    urgency: int = NO_URGENCY
    waits: bool = False

    @property
    def turn(self) -> tuple[int, int, datetime, UUID]:
        """Clients are placed in the order of this: by priority, urgency and time of enrolment."""
        return self.priority, self.urgency, self.enrolled_at, self.enrolment_id


Chosen = list[tuple[Arrival, values.Choice]]
Freed = Mapping[UUID, Received[Any] | None]
"""Sites where seats are free, each with the event because of which one is, if one is."""


@dataclass(slots=True)
class Chart:
    """The seats of some sites and of those in their reach, while they are given away."""

    cohorts: dict[UUID, values.Cohort]
    travel: Mapping[UUID, Mapping[UUID, int | None]]
    """Site → other sites of its region that it reaches → minutes; None: by telehealth alone."""
    seated: dict[UUID, set[UUID]] = field(default_factory=lambda: defaultdict(set))
    """Cohort → those in it who must be kept apart from somebody who looks for a seat."""
    looked_at: set[UUID] = field(default_factory=set)
    """Cohorts whose next sessions are known."""

    @classmethod
    async def of(cls, tx: Transaction, site_ids: Iterable[UUID], only: UUID | None = None) -> Self:
        """The seats as they are at this moment; those of one cohort with `only`.

        Whoever gives them has locked the sites with `lock_region` before: this is a statement of
        its own, so that it sees what was committed while the lock was waited for. The lock is the
        site's and not a cohort's: a client who would have to wait does not miss a cohort that is
        opened at the same moment.
        """
        sites = set(site_ids)
        travel = await _travel(tx, sites)
        rows = await tx.fetch(SEATS, sorted(sites.union(*travel.values())), tx.now)
        return cls({row[0]: _cohort(row) for row in rows if only in (None, row[0])}, travel)

    async def choose(
        self, tx: Transaction, arrivals: Iterable[Arrival], *, take: bool = True
    ) -> Chosen:
        """Which cohort in reach fits each client best, in the order of their turns; its seat is
        counted as taken for those who follow, but with `take=False`."""
        turns = sorted(arrivals, key=lambda one: one.turn)
        clients = await known_clients(tx, [arrival.client_id for arrival in turns])
        if apart := set[UUID]().union(*(client.apart_from for client in clients.values())):
            for row in await tx.fetch(SEATED, sorted(apart)):
                self.seated[row["cohort_id"]].add(row["client_id"])
        chosen = []
        for arrival in turns:
            choice = await self._best(tx, arrival, clients[arrival.client_id])
            if take and choice.cohort is not None:
                choice.cohort.taken += 1
                self.seated[choice.cohort.id].add(arrival.client_id)
            chosen.append((arrival, choice))
        return chosen

    async def _best(self, tx: Transaction, arrival: Arrival, client: Client) -> values.Choice:
        site_id, travel = arrival.site_id, self.travel.get(arrival.site_id, {})
        cohorts = [
            cohort
            for cohort in self.cohorts.values()
            if cohort.site_id == site_id
            or travel.get(cohort.site_id) is not None
            or (cohort.site_id in travel and cohort.eligibility.telehealth)
        ]
        apart = frozenset(c for c, there in self.seated.items() if there & client.apart_from)
        minutes, policy = _level_minutes(site_id, client), placement_policy(site_id)
        at = values.Situation(tx.now, client, apart, travel, minutes, policy)
        compared = compare(arrival, cohorts, at)
        await self._look_ahead(tx, compared)
        return choose(compared, at)

    async def _look_ahead(self, tx: Transaction, compared: Iterable[values.Considered]) -> None:
        """Learn the next sessions of those that the client could join, if not known yet."""
        eligible = {one.cohort.id for one in compared if one.eligible}
        unknown = eligible - self.looked_at
        self.looked_at |= unknown
        for row in await tx.fetch(AHEAD, list(unknown), tx.now) if unknown else ():
            cohort = self.cohorts[row["cohort_id"]]
            cohort.starts_at = row["begin_at"][0]
            cohort.week = tuple(zip(row["begin_at"], row["lengths"], strict=True))


def enrolled(one: Received[ClientEnrolled]) -> Arrival:
    """The client who enrolled."""
    said, policy = one.event.model_dump(include=SAID), placement_policy(one.event.site_id)
    return Arrival(**said, priority=values.priority_of(one.event.priority, policy), cause=one)


async def waiting_at(tx: Transaction, freed_by: Freed, *, reaching: bool = False) -> list[Arrival]:
    """Those who wait at these sites and are not being asked, nor passed over for a while, each with
    the event because of which a seat is free there; with `reaching` those of other sites, too,
    whose clients may take seats there."""
    if reaching and any_beyond():
        near = {row["id"]: freed_by[row["home"]] for row in await tx.fetch(REGION, list(freed_by))}
        beyond = [site for site in near if placement_policy(site).reach.beyond_site]
        freed_by = {**{site: near[site] for site in beyond}, **freed_by}
    rows = await tx.fetch(WAITING, list(freed_by), tx.now)
    return [Arrival(**row, cause=freed_by[row["site_id"]]) for row in rows]


async def of_stay(tx: Transaction, enrolment_id: UUID) -> Arrival:
    """The client of a stay.

    Raises:
        NotFound: the stay is not known here.
    """
    return _known(await tx.fetchrow(f"{STAY} WHERE p.enrolment_id = $1", enrolment_id))


async def of_client(tx: Transaction, client_id: UUID) -> Arrival:
    """A client by the last stay.

    Raises:
        NotFound: no stay of the client is known at a site that the caller may see.
    """
    return _known(await tx.fetchrow(OF_CLIENT, client_id))


def _known(row: Record | None) -> Arrival:
    stay = dict(found(row, "stay"))
    policy = placement_policy(stay["site_id"])
    return Arrival(
        **{**stay, "priority": values.priority_of(orjson.loads(stay["priority"]), policy)}
    )


async def rank(tx: Transaction, arrival: Arrival, seat: UUID | None) -> values.Choice:
    """Every cohort in reach compared for a client, whose own seat is taken for free."""
    chart = await Chart.of(tx, [arrival.site_id])
    if seat in chart.cohorts:
        chart.cohorts[seat].taken -= 1
    ((_, choice),) = await chart.choose(tx, [arrival])
    return choice


async def lock_region(tx: Transaction, site_ids: Iterable[UUID]) -> None:
    """Lock sites at which seats are given or freed; where a policy lets clients join cohorts of
    other sites, with all sites of their regions."""
    sites = set(site_ids)
    if not any_beyond():
        await lock_sites(tx, sites)
        return
    async with at_all_sites(tx):
        sites |= {row["id"] for row in await tx.fetch(REGION, list(sites))}
        await lock_sites(tx, sites)


def any_beyond() -> bool:
    """Whether some policy lets clients join cohorts of other sites."""
    return any(policy.reach.beyond_site for policy in placement_policy.each())


async def _travel(tx: Transaction, site_ids: set[UUID]) -> Mapping[UUID, Mapping[UUID, int | None]]:
    """Sites whose policy looks beyond them → other sites in reach → minutes; see `Chart`."""
    found: dict[UUID, dict[UUID, int | None]] = {
        site: {} for site in site_ids if placement_policy(site).reach.beyond_site
    }
    for row in await tx.fetch(REGION, list(found)) if found else ():
        reach = placement_policy(row["home"]).reach
        places = (row["from_latitude"], row["from_longitude"], row["latitude"], row["longitude"])
        if reach.travel_minutes > 0 and None not in places:
            minutes = travel_minutes(Place(*places[:2]), Place(*places[2:]), travel_policy())
            if minutes <= reach.travel_minutes:
                found[row["home"]][row["id"]] = minutes
        if reach.telehealth_of_region:
            found[row["home"]].setdefault(row["id"], None)
    return found


def _level_minutes(site_id: UUID, client: Client) -> int:
    """What the client's level of care asks to be planned a week; 0 where that is not known."""
    hours = level_hours(site_id).populations
    asked = hours["adolescent" if client.age_band == "adolescent" else "adult"].minimum_minutes
    return asked.get(client.level_of_care or "", 0)


def _cohort(row: Record) -> values.Cohort:
    *plain, eligibility = row
    fields = (*plain, _eligibility(eligibility))
    return values.Cohort(*fields)


@lru_cache(maxsize=1_000)
def _eligibility(stored: str) -> values.Eligibility:
    found = values.Eligibility.model_validate_json(stored)
    return values.EVERYBODY if found == values.EVERYBODY else found
