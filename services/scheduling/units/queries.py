"""Units as they are read."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

from services.scheduling.hours.queries import placed_in
from services.scheduling.units import schemas
from services.scheduling.units.policy import billing_codes
from services.scheduling.units.rules import Grant, rate_of, to_take
from shared.billing import Service, UnitRule, units_of
from shared.calendar import Week, day_at
from shared.database import Record, Transaction, names

SESSIONS = """
SELECT asked.id AS client_id, s.id, s.kind, (s.starts_at AT TIME ZONE s.time_zone)::date AS day,
  r.attended_minutes,
  (extract(epoch FROM s.ends_at - s.starts_at) / 60 - s.break_minutes)::int AS minutes
FROM unnest($1::uuid[]) AS asked(id)
CROSS JOIN LATERAL unnest(platform.records_of(asked.id)) AS own(record)
JOIN appointments a ON a.client_id = own.record AND a.state = 'scheduled'
LEFT JOIN attendance r USING (session_id, client_id)
JOIN sessions s ON s.id = a.session_id AND s.not_held_at IS NULL
"""
OF_WEEK = f"{SESSIONS} WHERE s.starts_at >= $2 AND s.starts_at < $3"
FROM_TODAY = f"""{SESSIONS}
WHERE (s.starts_at AT TIME ZONE s.time_zone)::date >= ($2 AT TIME ZONE s.time_zone)::date
  AND NOT (a.on_hold AND r.id IS NULL)
"""
GRANTS = """
SELECT asked.id AS client_id, g.code, g.unit, g.units_granted AS granted, g.units_used AS used,
  g.valid_from AS first, g.valid_until AS last
FROM unnest($1::uuid[]) AS asked(id) CROSS JOIN LATERAL platform.records_of(asked.id) AS of(records)
JOIN authorizations g ON g.client_id = ANY (of.records)
WHERE NOT g.withdrawn AND g.valid_until >= coalesce((
  SELECT max((p.placed_at AT TIME ZONE s.time_zone)::date)
  FROM placements p JOIN sites s ON s.id = p.site_id
  WHERE p.client_id = ANY (of.records) AND p.ended_at IS NULL), $2::date)
ORDER BY g.code, g.valid_until, g.valid_from, g.id
"""
RECERTIFICATION = f"""
SELECT {names(schemas.Recertification)} FROM recertifications
WHERE client_id = ANY (platform.records_of($1)) ORDER BY due_on DESC, enrolment_id LIMIT 1
"""  # noqa: S608 - the names of its fields
Days = defaultdict[date, list[Service]]
Grants = dict[str, list[Grant]]


async def client_units(
    tx: Transaction, client_id: UUID, week: Week, payer: str | None
) -> schemas.ClientUnits:
    """What the attended minutes of a client's week are worth by each code, as `payer` counts; what
    the authorizations that hold today have left; and the day of the next certification.

    Raises:
        NotFound: when the client was never placed at a site that the caller may see.
    """
    site = await placed_in(tx, client_id, week)
    of_week = await tx.fetch(OF_WEEK, [client_id], *week.bounds(site["time_zone"]))
    days, _ = done_and_booked(of_week)
    today = day_at(tx.now, site["time_zone"])
    grants = (await grants_of_stays(tx, [client_id], today)).get(client_id, {})
    sessions = done_and_booked((await sessions_from_today(tx, [client_id])).get(client_id, ()))
    holding = {code: [one for one in of if one.covers(today)] for code, of in grants.items()}
    left = [_left(code, those, sessions) for code, those in holding.items() if those]
    due = await tx.fetchrow(RECERTIFICATION, client_id)
    whose = {"client_id": client_id, "site_id": site["site_id"], "week": str(week), "payer": payer}
    worth = [_day(on, services, site["site_id"], payer) for on, services in sorted(days.items())]
    again = None if due is None else schemas.Recertification.from_row(due)
    return schemas.ClientUnits(**whose, days=worth, authorized=left, recertification=again)


async def grants_of_stays(
    tx: Transaction, client_ids: Collection[UUID], today: date
) -> Mapping[UUID, Grants]:
    """Those authorizations of these clients that reach into the present stay, or hold today or
    later where there is none, by client and code; of each code in the order in which they end. Who
    has none is left out."""
    found: dict[UUID, Grants] = defaultdict(lambda: defaultdict(list))
    for row in await tx.fetch(GRANTS, list(client_ids), today):
        values = dict(row)
        client_id, code = values.pop("client_id"), values.pop("code")
        rule = UnitRule.model_validate_json(values.pop("unit"))
        found[client_id][code].append(Grant(rule, **values))
    return found


async def sessions_from_today(
    tx: Transaction, client_ids: Collection[UUID]
) -> Mapping[UUID, Sequence[Record]]:
    """What these clients attended and what is booked for them, from today on by the calendars of
    the sites."""
    found: dict[UUID, list[Record]] = defaultdict(list)
    for row in await tx.fetch(FROM_TODAY, list(client_ids), tx.now):
        found[row["client_id"]].append(row)
    return found


def done_and_booked(
    sessions: Iterable[Record], without: Collection[UUID | None] = ()
) -> tuple[Days, Days]:
    """What was attended, and what is booked but the sessions `without`, by day."""
    done: Days = defaultdict(list)
    booked: Days = defaultdict(list)
    for row in sessions:
        if row["attended_minutes"] is None and row["id"] not in without:
            booked[row["day"]].append(Service(row["kind"], row["minutes"]))
        elif row["attended_minutes"]:
            done[row["day"]].append(Service(row["kind"], row["attended_minutes"]))
    return done, booked


def _left(code: str, covering: list[Grant], sessions: tuple[Days, Days]) -> schemas.AuthorizedUnits:
    taken = to_take(covering, *sessions)
    booked = sum(n for day, n in taken.items() if any(grant.covers(day) for grant in covering))
    granted, used = sum(one.granted for one in covering), sum(one.used for one in covering)
    units = {"granted": granted, "used": used, "booked": booked, "left": granted - used - booked}
    return schemas.AuthorizedUnits(code=code, **units, valid_until=covering[-1].last)


def _day(on: date, services: list[Service], site_id: UUID, payer: str | None) -> schemas.UnitsOfDay:
    minutes, worth = sum(one.minutes for one in services), []
    for one in billing_codes(site_id):
        rule = one.rule(payer)
        if units := units_of(rule, services):
            about = {"id": one.id, "code": one.code, "rate": rate_of(rule, services)}
            worth.append(schemas.CodeUnits(**about, units=units))
    return schemas.UnitsOfDay(day=on, services=len(services), minutes=minutes, units=worth)
