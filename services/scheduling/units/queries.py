"""Units as they are read."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from services.scheduling.hours.queries import placed_in
from services.scheduling.hours.rules import Week
from services.scheduling.units.policy import UnitRule, billing_codes
from services.scheduling.units.rules import Grant, Service, rate_of, to_take, units_of
from services.scheduling.units.schemas import (
    AuthorizedUnits,
    ClientUnits,
    CodeUnits,
    Recertification,
    UnitsOfDay,
)
from shared.calendar import day_at
from shared.database import Transaction, names

SESSIONS = """
SELECT s.kind, (s.starts_at AT TIME ZONE s.time_zone)::date AS day, r.attended_minutes,
  (extract(epoch FROM s.ends_at - s.starts_at) / 60 - s.break_minutes)::int AS minutes
FROM appointments a
JOIN sessions s ON s.id = a.session_id
LEFT JOIN attendance r ON r.session_id = a.session_id AND r.client_id = a.client_id
WHERE a.client_id = ANY (platform.records_of($1)) AND a.state = 'scheduled'
  AND s.not_held_at IS NULL
"""
OF_WEEK = f"{SESSIONS} AND s.starts_at >= $2 AND s.starts_at < $3 AND r.attended_minutes > 0"
FROM_TODAY = f"""{SESSIONS}
  AND (s.starts_at AT TIME ZONE s.time_zone)::date >= ($2 AT TIME ZONE s.time_zone)::date
  AND NOT (a.on_hold AND r.id IS NULL)
"""
GRANTS = """
SELECT code, unit, units_granted AS granted, units_used AS used, valid_from AS first,
  valid_until AS last
FROM authorizations
WHERE client_id = ANY (platform.records_of($1)) AND NOT withdrawn AND valid_until >= $2
ORDER BY code, valid_until, valid_from, id
"""
RECERTIFICATION = f"""
SELECT {names(Recertification)} FROM recertifications
WHERE client_id = ANY (platform.records_of($1)) ORDER BY due_on DESC, enrolment_id LIMIT 1
"""  # noqa: S608 - the names of its fields
Days = dict[date, list[Service]]


async def client_units(
    tx: Transaction, client_id: UUID, week: Week, payer: str | None
) -> ClientUnits:
    """What the attended minutes of a client's week are worth by each code, as `payer` counts; what
    the authorizations that hold today have left; and the day of the next certification.

    Raises:
        NotFound: when the client was never placed at a site that the caller may see.
    """
    site = await placed_in(tx, client_id, week)
    days = by_day(
        (row["day"], Service(row["kind"], row["attended_minutes"]))
        for row in await tx.fetch(OF_WEEK, client_id, *week.bounds(site["time_zone"]))
    )
    today = day_at(tx.now, site["time_zone"])
    grants = await grants_since(tx, client_id, today)
    left = [await _left(tx, client_id, code, of, today) for code, of in grants.items()]
    due = await tx.fetchrow(RECERTIFICATION, client_id)
    return ClientUnits(
        client_id=client_id,
        site_id=site["site_id"],
        week=str(week),
        payer=payer,
        days=[_day(on, services, site, payer) for on, services in sorted(days.items())],
        authorized=[one for one in left if one is not None],
        recertification=None if due is None else Recertification.from_row(due),
    )


async def authorized_left(
    tx: Transaction, client_id: UUID, code: str, on: date
) -> AuthorizedUnits | None:
    """Units of `code` that are neither used nor booked of what is authorized on a day, below 0
    where more is booked; None where no authorization that the caller may see holds then."""
    grants = await grants_since(tx, client_id, on)
    return await _left(tx, client_id, code, grants.get(code, []), on)


async def grants_since(tx: Transaction, client_id: UUID, since: date) -> dict[str, list[Grant]]:
    """Authorizations that hold on that day or later, by code; of each code in the order in which
    they end."""
    grants: dict[str, list[Grant]] = defaultdict(list)
    for row in await tx.fetch(GRANTS, client_id, since):
        values = dict(row)
        code, unit = values.pop("code"), values.pop("unit")
        grants[code].append(Grant(UnitRule.model_validate_json(unit), **values))
    return grants


async def sessions_from_today(tx: Transaction, client_id: UUID) -> tuple[Days, Days]:
    """What was attended and what is booked, from today on by the calendars of the sites."""
    done, booked = [], []
    for row in await tx.fetch(FROM_TODAY, client_id, tx.now):
        if row["attended_minutes"] is None:
            booked.append((row["day"], Service(row["kind"], row["minutes"])))
        elif row["attended_minutes"]:
            done.append((row["day"], Service(row["kind"], row["attended_minutes"])))
    return by_day(done), by_day(booked)


def by_day(services: Iterable[tuple[date, Service]]) -> Days:
    """Services by their day."""
    days: Days = defaultdict(list)
    for on, service in services:
        days[on].append(service)
    return days


async def _left(
    tx: Transaction, client_id: UUID, code: str, grants: list[Grant], on: date
) -> AuthorizedUnits | None:
    covering = [grant for grant in grants if grant.covers(on)]
    if not covering:
        return None
    units = to_take(covering, *await sessions_from_today(tx, client_id))
    booked = sum(n for day, n in units.items() if any(grant.covers(day) for grant in covering))
    granted, used = (sum(n) for n in zip(*((g.granted, g.used) for g in covering), strict=True))
    return AuthorizedUnits(
        code=code,
        granted=granted,
        used=used,
        booked=booked,
        left=granted - used - booked,
        valid_until=covering[-1].last,
    )


def _day(
    on: date, services: list[Service], site: Mapping[str, Any], payer: str | None
) -> UnitsOfDay:
    rules = [(one, one.rule(payer)) for one in billing_codes(site["site_id"])]
    return UnitsOfDay(
        day=on,
        services=len(services),
        minutes=sum(one.minutes for one in services),
        units=[
            CodeUnits(id=one.id, code=one.code, units=units, rate=rate_of(rule, services))
            for one, rule in rules
            if (units := units_of(rule, services))
        ],
    )
