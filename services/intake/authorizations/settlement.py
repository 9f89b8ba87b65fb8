"""Bringing units in line with the facts: what authorizations gave, day by day, and what is left.

Everything is reckoned anew for the days that hang together with a change, and what differs is
written. So it makes no difference in which order facts came, or how often.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

import asyncpg

from services.intake.authorizations.alarms import Found, note_alarms, of_grant
from services.intake.authorizations.rules.allocation import Allocation, Grant, allocate, reach
from services.intake.authorizations.rules.units import Day, Service
from services.intake.payers.policy import UnitRule
from shared.database import Transaction
from shared.ids import new_id
from shared.messaging.envelope import Received

HOLD = "SELECT id FROM clients WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE"
GRANTS = """
SELECT a.id, a.client_id, a.site_id, a.code, a.unit_rule, a.units_granted, a.valid_from,
  a.valid_until, a.withdrawn, s.time_zone
FROM authorizations a JOIN sites s ON s.id = a.site_id WHERE a.client_id = ANY($1) ORDER BY a.id
"""
FACTS = """
SELECT f.client_id, f.site_id, f.service_date, f.minutes, e.kind
FROM unnest($1::uuid[], $2::date[], $3::date[]) AS w(client_id, first, last)
JOIN session_facts f ON f.client_id = w.client_id AND f.service_date BETWEEN w.first AND w.last
LEFT JOIN expected_sessions e ON e.client_id = f.client_id AND e.session_id = f.session_id
WHERE f.minutes > 0 AND NOT EXISTS (
  SELECT FROM session_facts n
  WHERE n.client_id = f.client_id AND n.session_id = f.session_id AND n.sequence > f.sequence
)
"""
TAKE_BACK = """
DELETE FROM authorization_days d WHERE d.authorization_id = ANY($1) AND NOT EXISTS (
  SELECT FROM unnest($2::uuid[], $3::date[]) AS k(id, service_date)
  WHERE k.id = d.authorization_id AND k.service_date = d.service_date
)
"""
TAKE = """
INSERT INTO authorization_days AS d (authorization_id, service_date, site_id, units, overrun)
SELECT * FROM unnest($1::uuid[], $2::date[], $3::uuid[], $4::integer[], $5::integer[])
ON CONFLICT (authorization_id, service_date) DO UPDATE
SET units = excluded.units, overrun = excluded.overrun
WHERE (d.units, d.overrun) IS DISTINCT FROM (excluded.units, excluded.overrun)
"""
SUMS = """
UPDATE authorizations a
SET units_used = m.used, units_overrun = m.overrun, look_at = m.look_at
FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::timestamptz[])
  AS m(id, used, overrun, look_at)
WHERE a.id = m.id AND (a.units_used, a.units_overrun, a.look_at)
  IS DISTINCT FROM (m.used, m.overrun, m.look_at)
"""
FORGET_DAYS = """
DELETE FROM service_days d
USING unnest($1::uuid[], $2::date[], $3::date[]) AS w(client_id, first, last)
WHERE d.client_id = w.client_id AND d.service_date BETWEEN w.first AND w.last AND NOT EXISTS (
  SELECT FROM unnest($4::uuid[], $5::date[]) AS k(client_id, service_date)
  WHERE k.client_id = d.client_id AND k.service_date = d.service_date
)
"""
KEEP_DAYS = """
INSERT INTO service_days AS d
  (id, client_id, site_id, service_date, services, minutes, units, overrun, authorized)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::date[], $5::integer[], $6::integer[],
  $7::integer[], $8::integer[], $9::boolean[])
ON CONFLICT (client_id, service_date) DO UPDATE
SET site_id = excluded.site_id, services = excluded.services, minutes = excluded.minutes,
  units = excluded.units, overrun = excluded.overrun, authorized = excluded.authorized
WHERE (d.site_id, d.services, d.minutes, d.units, d.overrun, d.authorized) IS DISTINCT FROM
  (excluded.site_id, excluded.services, excluded.minutes, excluded.units, excluded.overrun,
   excluded.authorized)
"""

Reach = tuple[date, date]


async def hold_clients(tx: Transaction, clients: Iterable[UUID]) -> None:
    """Let nobody else move units of these clients until the commit; in one order for everybody."""
    await tx.execute(HOLD, sorted(set(clients)))


async def settle(
    tx: Transaction,
    touched: Mapping[UUID, Reach],
    caused_by: Mapping[UUID, Received[Any]] | None = None,
) -> None:
    """Reckon the units of clients anew where something between two days changed; raise alarms.

    The clients are held. What it costs depends on the authorizations that share days with the
    change, not on how long a client has been coming.
    """
    if not touched:
        return
    by_client: dict[UUID, list[asyncpg.Record]] = defaultdict(list)
    for row in await tx.fetch(GRANTS, sorted(touched)):
        by_client[row["client_id"]].append(row)
    grants = {
        client: [_grant(row) for row in by_client[client] if row["withdrawn"] is None]
        for client in touched
    }
    reaches = {client: reach(grants[client], *touched[client]) for client in sorted(touched)}
    days, sites = await _days(tx, reaches)
    made = {
        client: allocate(_within(grants[client], reaches[client]), days[client])
        for client in reaches
    }
    rows = [
        row
        for client in reaches
        for row in by_client[client]
        if _meets(row["valid_from"], row["valid_until"], reaches[client])
    ]
    if rows:
        await _write_grants(tx, rows, made, caused_by)
    await _write_days(tx, reaches, days, sites, made)


async def _days(
    tx: Transaction, reaches: Mapping[UUID, Reach]
) -> tuple[dict[UUID, list[Day]], dict[tuple[UUID, date], UUID]]:
    """The days of each client by the facts that hold, and where each was."""
    services: dict[tuple[UUID, date], list[Service]] = defaultdict(list)
    sites: dict[tuple[UUID, date], UUID] = {}
    for row in await tx.fetch(FACTS, *_columns(reaches)):
        key = (row["client_id"], row["service_date"])
        services[key].append(Service(row["kind"], row["minutes"]))
        sites[key] = row["site_id"]
    days: dict[UUID, list[Day]] = {client: [] for client in reaches}
    for (client, on), attended in services.items():
        days[client].append(Day(on, tuple(attended)))
    return days, sites


async def _write_grants(
    tx: Transaction,
    rows: list[asyncpg.Record],
    made: Mapping[UUID, Allocation],
    caused_by: Mapping[UUID, Received[Any]] | None,
) -> None:
    site_of = {row["id"]: row["site_id"] for row in rows}
    taken = [
        (grant, on, what)
        for one in made.values()
        for (grant, on), what in sorted(one.taken.items())
    ]
    await tx.execute(TAKE_BACK, list(site_of), [t[0] for t in taken], [t[1] for t in taken])
    await tx.execute(
        TAKE,
        [grant for grant, _, _ in taken],
        [on for _, on, _ in taken],
        [site_of[grant] for grant, _, _ in taken],
        [what.units for _, _, what in taken],
        [what.overrun for _, _, what in taken],
    )
    sums = [made[row["client_id"]].of(row["id"]) for row in rows]
    looked = [
        of_grant(
            tx.now,
            about=row["id"],
            client_id=row["client_id"],
            site_id=row["site_id"],
            time_zone=row["time_zone"],
            granted=row["units_granted"],
            used=of.units,
            last=row["valid_until"],
        )
        if row["withdrawn"] is None
        else (_silent(row), None)
        for row, of in zip(rows, sums, strict=True)
    ]
    await tx.execute(
        SUMS,
        [row["id"] for row in rows],
        [of.units for of in sums],
        [of.overrun for of in sums],
        [again for _, again in looked],
    )
    await note_alarms(tx, [found for found, _ in looked], caused_by)
    tx.wake()


async def _write_days(
    tx: Transaction,
    reaches: Mapping[UUID, Reach],
    days: Mapping[UUID, list[Day]],
    sites: Mapping[tuple[UUID, date], UUID],
    made: Mapping[UUID, Allocation],
) -> None:
    kept = [(client, day) for client in reaches for day in days[client]]
    units = [made[client].days[day.on] for client, day in kept]
    await tx.execute(
        FORGET_DAYS,
        *_columns(reaches),
        [client for client, _ in kept],
        [day.on for _, day in kept],
    )
    await tx.execute(
        KEEP_DAYS,
        [new_id() for _ in kept],
        [client for client, _ in kept],
        [sites[client, day.on] for client, day in kept],
        [day.on for _, day in kept],
        [len(day.services) for _, day in kept],
        [day.minutes for _, day in kept],
        [of.units for of in units],
        [of.overrun for of in units],
        [of.authorized for of in units],
    )


def _columns(reaches: Mapping[UUID, Reach]) -> tuple[list[UUID], list[date], list[date]]:
    return (
        list(reaches),
        [first for first, _ in reaches.values()],
        [last for _, last in reaches.values()],
    )


def _grant(row: asyncpg.Record) -> Grant:
    return Grant(
        row["id"],
        row["code"],
        _rule(row["unit_rule"]),
        row["units_granted"],
        row["valid_from"],
        row["valid_until"],
    )


@lru_cache(maxsize=256)
def _rule(text: str) -> UnitRule:
    """A unit's meaning as it was kept; the same few of them come again and again."""
    return UnitRule.model_validate_json(text)


def _within(grants: Iterable[Grant], days: Reach) -> list[Grant]:
    return [grant for grant in grants if _meets(grant.first, grant.last, days)]


def _meets(first: date, last: date, days: Reach) -> bool:
    return first <= days[1] and last >= days[0]


def _silent(row: asyncpg.Record) -> Found:
    """A withdrawn authorization: nothing holds of it any more."""
    return Found(row["id"], row["client_id"], row["site_id"], frozenset(), None, row["valid_until"])
