"""Bringing units in line with the facts: what authorizations gave, day by day, and what is left.

Everything is reckoned anew for the days that hang together with a change, and what differs is
written. So it makes no difference in which order facts came, or how often.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

import asyncpg

from services.intake.authorizations.alarms import Found, note_alarms, of_grant
from services.intake.authorizations.rules.allocation import Allocation, Grant, allocate, reach
from services.intake.authorizations.rules.units import Day
from shared.billing import Service, UnitRule
from shared.contracts.intake import AuthorizationChanged, AuthorizedUnit
from shared.database import Columns, Overtaken, Transaction, at_all_sites
from shared.ids import new_id
from shared.messaging.envelope import Received
from shared.messaging.outbox import publish

LOCK = """
SELECT platform.survivor_of(id) <> coalesce(merged_into, id) AS overtaken FROM clients
WHERE id IN (SELECT unnest(platform.records_of(w.id)) FROM unnest($1::uuid[]) AS w (id))
ORDER BY id FOR NO KEY UPDATE
"""
GRANTS = """
SELECT w.id AS touched, platform.survivor_of(w.id) AS person, a.id, a.client_id, a.site_id, a.code,
  a.unit_rule, a.units_granted, a.units_used, a.valid_from, a.valid_until, a.withdrawn, s.time_zone
FROM unnest($1::uuid[]) AS w (id) LEFT JOIN (
  authorizations a JOIN sites s ON s.id = a.site_id
) ON a.client_id = ANY (platform.records_of(w.id))
ORDER BY a.id
"""
FACTS = """
SELECT w.person, f.client_id, f.site_id, f.service_date, f.minutes, e.kind
FROM unnest($1::uuid[], $2::date[], $3::date[]) AS w(person, first, last)
JOIN session_facts f ON f.client_id = ANY (platform.records_of(w.person))
  AND f.service_date BETWEEN w.first AND w.last
LEFT JOIN expected_sessions e ON e.client_id = f.client_id AND e.session_id = f.session_id
WHERE f.minutes > 0 AND NOT EXISTS (
  SELECT FROM session_facts n
  WHERE n.client_id = f.client_id AND n.session_id = f.session_id AND n.sequence > f.sequence
)
ORDER BY f.client_id = w.person, f.client_id
"""
"""Of each day what was attended for the record that goes on comes last."""
SPANS = """
SELECT w.id, min(d.first) AS first, max(d.last) AS last
FROM unnest($1::uuid[]) AS w (id) CROSS JOIN LATERAL (
  SELECT service_date AS first, service_date AS last FROM session_facts
  WHERE client_id = ANY (platform.records_of(w.id))
  UNION ALL
  SELECT valid_from, valid_until FROM authorizations
  WHERE client_id = ANY (platform.records_of(w.id))
) d GROUP BY w.id
"""
"""The days of the grants too: after an undo a record may have no session of its own."""
TAKE_BACK = """
DELETE FROM authorization_days d WHERE d.authorization_id = ANY($1) AND NOT EXISTS (
  SELECT FROM unnest($2::uuid[], $3::date[]) AS k(id, service_date)
  WHERE k.id = d.authorization_id AND k.service_date = d.service_date
)
"""
TAKEN = Columns.of(
    authorization_id="uuid", service_date="date", site_id="uuid", units="integer", overrun="integer"
)
TAKE = f"""
INSERT INTO authorization_days AS d ({TAKEN.names}) SELECT * FROM {TAKEN.rows}
ON CONFLICT (authorization_id, service_date) DO UPDATE
SET units = excluded.units, overrun = excluded.overrun
WHERE (d.units, d.overrun) IS DISTINCT FROM (excluded.units, excluded.overrun)
"""  # noqa: S608 - constants only
USED = Columns.of(id="uuid", units_used="integer", units_overrun="integer", look_at="timestamptz")
SUMS = f"""
UPDATE authorizations a SET (units_used, units_overrun, look_at) =
  (given.units_used, given.units_overrun, given.look_at)
FROM {USED.rows}
WHERE a.id = given.id AND (a.units_used, a.units_overrun, a.look_at)
  IS DISTINCT FROM (given.units_used, given.units_overrun, given.look_at)
"""  # noqa: S608 - constants only
FORGET_DAYS = """
DELETE FROM service_days d
USING unnest($1::uuid[], $2::date[], $3::date[]) AS w(person, first, last)
WHERE d.client_id = ANY (platform.records_of(w.person))
  AND d.service_date BETWEEN w.first AND w.last AND NOT EXISTS (
  SELECT FROM unnest($4::uuid[], $5::date[]) AS k(client_id, service_date)
  WHERE k.client_id = d.client_id AND k.service_date = d.service_date
)
"""
DAYS = Columns.of(
    id="uuid",
    client_id="uuid",
    site_id="uuid",
    service_date="date",
    services="integer",
    minutes="integer",
    units="integer",
    overrun="integer",
    authorized="boolean",
    counts="boolean",
)
KEEP_DAYS = f"""
INSERT INTO service_days AS d ({DAYS.names}) SELECT * FROM {DAYS.rows}
ON CONFLICT (client_id, service_date) DO UPDATE
SET {DAYS.updates("id", "client_id", "service_date")}
WHERE (d.site_id, d.services, d.minutes, d.units, d.overrun, d.authorized, d.counts)
  IS DISTINCT FROM
  (excluded.site_id, excluded.services, excluded.minutes, excluded.units, excluded.overrun,
   excluded.authorized, excluded.counts)
"""  # noqa: S608 - constants only
"""Each record has a row of each of its days, and one of a person's rows of a day counts: so an undo
finds the rows that there were before."""

Reach = tuple[date, date]
Attended = dict[tuple[UUID, date], dict[UUID, UUID]]
"""By person and day: the records for which somebody came, each with the site."""


async def lock_clients(tx: Transaction, clients: Iterable[UUID]) -> None:
    """Let nobody else move units of these persons until the commit; in one order for everybody.

    Raises:
        Overtaken: one was merged, or a merge was undone, while this waited.
    """
    if any(row["overtaken"] for row in await tx.fetch(LOCK, sorted(set(clients)))):
        raise Overtaken


async def settle(
    tx: Transaction,
    touched: Mapping[UUID, Reach],
    caused_by: Mapping[UUID, Received[Any]] | None = None,
    *,
    entered: Collection[UUID] = (),
) -> None:
    """Reckon the units of clients anew where something between two days changed; raise alarms.

    Publishes AuthorizationChanged for each authorization whose units moved, and for the one those
    that were just `entered`, changed or withdrawn.

    Units are those of the person, whichever record a session or a grant was entered for. The
    clients are locked. Records and sessions of sites that the caller may not see take part, as the
    person has one sum. What it costs depends on the authorizations that share days with the
    change, not on how long a client has been coming.
    """
    if touched:
        async with at_all_sites(tx):
            await _settle(tx, touched, caused_by or {}, entered)


async def _settle(
    tx: Transaction,
    touched: Mapping[UUID, Reach],
    caused_by: Mapping[UUID, Received[Any]],
    entered: Collection[UUID],
) -> None:
    by_person: dict[UUID, dict[UUID, asyncpg.Record]] = defaultdict(dict)
    between: dict[UUID, Reach] = {}
    for row in await tx.fetch(GRANTS, sorted(touched)):
        person, (first, last) = row["person"], touched[row["touched"]]
        known = between.get(person, (first, last))
        between[person] = min(known[0], first), max(known[1], last)
        if row["id"] is not None:
            by_person[person][row["id"]] = row
    grants = {
        person: [_grant(row) for row in by_person[person].values() if row["withdrawn"] is None]
        for person in between
    }
    reaches = {person: reach(grants[person], *between[person]) for person in sorted(between)}
    days, attended = await _days(tx, reaches)
    made = {
        person: allocate(_within(grants[person], reaches[person]), days[person])
        for person in reaches
    }
    rows = [
        row
        for person in reaches
        for row in by_person[person].values()
        if _meets(row["valid_from"], row["valid_until"], reaches[person])
    ]
    if rows:
        await _write_grants(tx, rows, made, caused_by, entered)
    await _write_days(tx, reaches, days, attended, made)


async def _days(
    tx: Transaction, reaches: Mapping[UUID, Reach]
) -> tuple[dict[UUID, list[Day]], Attended]:
    """The days of each person by the facts that hold, and for which records and where each was; the
    last of these records is the one whose row counts."""
    services: dict[tuple[UUID, date], list[Service]] = defaultdict(list)
    attended: Attended = defaultdict(dict)
    for row in await tx.fetch(FACTS, *_columns(reaches)):
        key = (row["person"], row["service_date"])
        services[key].append(Service(row["kind"], row["minutes"]))
        attended[key][row["client_id"]] = row["site_id"]
    days: dict[UUID, list[Day]] = {person: [] for person in reaches}
    for (person, on), found in services.items():
        days[person].append(Day(on, tuple(found)))
    return days, attended


async def _write_grants(
    tx: Transaction,
    rows: list[asyncpg.Record],
    made: Mapping[UUID, Allocation],
    caused_by: Mapping[UUID, Received[Any]],
    entered: Collection[UUID],
) -> None:
    site_of = {row["id"]: row["site_id"] for row in rows}
    taken = TAKEN.arrays(
        {
            "authorization_id": grant,
            "service_date": on,
            "site_id": site_of[grant],
            "units": what.units,
            "overrun": what.overrun,
        }
        for one in made.values()
        for (grant, on), what in sorted(one.taken.items())
    )
    await tx.execute(TAKE_BACK, list(site_of), *taken[:2])
    await tx.execute(TAKE, *taken)
    sums = [made[row["person"]].of(row["id"]) for row in rows]
    looked = [
        of_grant(tx.now, {**row, "units_used": of.units})
        if row["withdrawn"] is None
        else (_silent(row), None)
        for row, of in zip(rows, sums, strict=True)
    ]
    used = (
        {
            "id": row["id"],
            "units_used": of.units,
            "units_overrun": of.overrun,
            "look_at": again,
        }
        for row, of, (_, again) in zip(rows, sums, looked, strict=True)
    )
    await tx.execute(SUMS, *USED.arrays(used))
    for row, of in zip(rows, sums, strict=True):
        if row["id"] in entered or row["units_used"] != of.units:
            _tell(tx, {**row, "units_used": of.units}, caused_by.get(row["client_id"]))
    await note_alarms(tx, [found for found, _ in looked], caused_by)
    tx.wake()


def _tell(tx: Transaction, grant: Mapping[str, Any], cause: Received[Any] | None) -> None:
    changed = {
        **grant,
        "authorization_id": grant["id"],
        "unit": AuthorizedUnit.model_validate_json(grant["unit_rule"]),
        "withdrawn": grant["withdrawn"] is not None,
        "changed_at": tx.now,
    }
    publish(tx, AuthorizationChanged(**changed), cause=cause)


async def _write_days(
    tx: Transaction,
    reaches: Mapping[UUID, Reach],
    days: Mapping[UUID, list[Day]],
    attended: Attended,
    made: Mapping[UUID, Allocation],
) -> None:
    kept = DAYS.arrays(
        {
            "id": new_id(),
            "client_id": client,
            "site_id": site,
            "service_date": day.on,
            "services": len(day.services),
            "minutes": day.minutes,
            **asdict(made[person].days[day.on]),
            "counts": n == len(records),
        }
        for person in reaches
        for day in days[person]
        for records in (attended[person, day.on],)
        for n, (client, site) in enumerate(records.items(), start=1)
    )
    _, clients, _, on, *_ = kept
    await tx.execute(FORGET_DAYS, *_columns(reaches), clients, on)
    await tx.execute(KEEP_DAYS, *kept)


def _columns(reaches: Mapping[UUID, Reach]) -> tuple[list[UUID], list[date], list[date]]:
    return (
        list(reaches),
        [first for first, _ in reaches.values()],
        [last for _, last in reaches.values()],
    )


@lru_cache(maxsize=256)
def _rule(text: str) -> UnitRule:
    """A unit's meaning as it was kept; the same few of them come again and again."""
    return UnitRule.model_validate_json(text)


def _grant(row: asyncpg.Record) -> Grant:
    given = (row["units_granted"], row["valid_from"], row["valid_until"])
    return Grant(row["id"], row["code"], _rule(row["unit_rule"]), *given)


def _within(grants: Iterable[Grant], days: Reach) -> list[Grant]:
    return [grant for grant in grants if _meets(grant.first, grant.last, days)]


def _meets(first: date, last: date, days: Reach) -> bool:
    return first <= days[1] and last >= days[0]


def _silent(row: asyncpg.Record) -> Found:
    """A withdrawn authorization: nothing holds of it any more."""
    return Found(row["id"], row["client_id"], row["site_id"], frozenset(), None, row["valid_until"])


async def settle_whole(tx: Transaction, clients: Iterable[UUID]) -> None:
    """Reckon all units of clients anew, as where two became one person, or two again."""
    rows = await tx.fetch(SPANS, list(clients))
    await settle(tx, {row["id"]: (row["first"], row["last"]) for row in rows})
