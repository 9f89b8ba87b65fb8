"""Asking a reason of whoever books beyond what is authorized, and following what intake tells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from services.scheduling.units import queries
from services.scheduling.units.policy import booking_policy
from services.scheduling.units.rules import Grant, beyond, to_take, uncovered
from shared.billing import Service
from shared.calendar import day_at, midnight
from shared.contracts import intake
from shared.contracts.scheduling import RecertificationDue
from shared.database import Columns, Record, Transaction, at_all_sites, insert, upsert
from shared.errors import Conflict, require_reason
from shared.ids import new_id
from shared.messaging.outbox import publish

StayEvent = intake.ClientEnrolled | intake.EpisodeStateChanged
AT_ONCE = 500
NAMED = 5
"""Of so many the figures stand in a refusal."""
ZONE = "SELECT time_zone FROM sites WHERE id = $1"
STAYS = Columns.by_type(
    uuid="enrolment_id site_id client_id", date="certified_on due_on", timestamptz="look_at"
)
ENROLLED = Columns.by_type(uuid="enrolment_id site_id client_id", timestamptz="enrolled_at")
BEGIN = STAYS.insert("recertifications", "ON CONFLICT DO NOTHING")
END = "DELETE FROM recertifications WHERE enrolment_id = ANY ($1::uuid[])"
CERTIFY = """
WITH latest AS (
  INSERT INTO certifications AS c (client_id, site_id, certified_on, due_on)
  VALUES ($1, $5, $2, $3) ON CONFLICT (client_id) DO UPDATE
  SET site_id = excluded.site_id, certified_on = excluded.certified_on, due_on = excluded.due_on
  WHERE c.certified_on <= excluded.certified_on
)
UPDATE recertifications SET certified_on = $2, due_on = $3, look_at = $4
WHERE client_id = ANY (platform.records_of($1)) AND certified_on <= $2
"""
CERTIFIED = f"""
SELECT given.*, s.time_zone, c.certified_on, c.due_on
FROM {ENROLLED.rows} JOIN sites s ON s.id = given.site_id
LEFT JOIN LATERAL (
  SELECT certified_on, due_on FROM certifications
  WHERE client_id = ANY (platform.records_of(given.client_id)) ORDER BY certified_on DESC LIMIT 1
) AS c ON true
"""  # noqa: S608 - the columns are above
DUE = """
SELECT enrolment_id, client_id, site_id, certified_on, due_on FROM recertifications
WHERE look_at <= $1 ORDER BY look_at, enrolment_id LIMIT $2 FOR UPDATE SKIP LOCKED
"""
TOLD = "UPDATE recertifications SET look_at = NULL WHERE enrolment_id = ANY ($1::uuid[])"


class UnitsExceeded(Conflict, title="More than is authorized"):
    """More would be booked than the payer has authorized: a person has to say why."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A session that is to be booked for a client; minutes without breaks. `instead_of` is one that
    is booked already and moves to this time."""

    client_id: UUID
    site_id: UUID
    kind: str
    starts_at: datetime
    minutes: int
    time_zone: str
    instead_of: UUID | None = None


async def require_authorized(
    tx: Transaction, planned: Sequence[Planned], *, reason: str | None, by: str
) -> None:
    """Let sessions be booked that the clients' authorizations cover, or for which there is a
    reason, which is kept with what exceeds them. Call it before they are written.

    Authorizations are those of the person, at whatever site, that reach into the present stay; who
    has none of a code is not asked for it. A day on which none holds is not covered.

    Raises:
        UnitsExceeded: with the figures; there is no reason.
        UnknownReason: it is none of `BookingPolicy.excess_reasons`.
    """
    reasons = [booking_policy(site).excess_reasons for site in {one.site_id for one in planned}]
    allowed = [one for one in (reasons[0] if reasons else ()) if all(one in of for of in reasons)]
    require_reason(reason, allowed, "/excess_reason")
    said, rows = [], []
    kept = {"reason": reason, "entered_by": by, "entered_at": tx.now}
    async with at_all_sites(tx):
        clients = {one.client_id for one in planned}
        granted = await queries.grants_of_stays(tx, clients, tx.now.date())
        sessions = await queries.sessions_from_today(tx, granted) if granted else {}
        for client_id, grants in granted.items():
            wanted = [one for one in planned if one.client_id == client_id]
            about = {"site_id": wanted[0].site_id, "client_id": client_id, **kept}
            for code, over in _exceeded(sessions.get(client_id, ()), wanted, grants).items():
                said.append(_figures(code, grants[code], over))
                for on, units in over.items():
                    what = {"id": new_id(), "code": code, "service_date": on, "units": units}
                    rows.append({**about, **what})
    if rows and reason is None:
        more = f" So it is for {len(said) - NAMED} more." if len(said) > NAMED else ""
        words = f"Give a reason to book it all the same: {', '.join(allowed)}."
        figures = f"{' '.join(said[:NAMED])}{more} {words}"
        raise UnitsExceeded(figures, pointer="/excess_reason")
    for row in rows:
        await tx.execute(*insert("unit_excesses", row))


def _exceeded(
    sessions: Sequence[Record], wanted: Sequence[Planned], grants: queries.Grants
) -> dict[str, dict[date, int]]:
    """By code and day, what is not covered and was not before."""
    done, booked = queries.done_and_booked(sessions)
    _, together = queries.done_and_booked(sessions, {one.instead_of for one in wanted})
    for one in wanted:
        together[day_at(one.starts_at, one.time_zone)].append(Service(one.kind, one.minutes))
    over = {}
    for code, of in grants.items():
        before, after = (uncovered(of, to_take(of, done, days)) for days in (booked, together))
        if found := beyond(before, after):
            over[code] = found
    return over


def _figures(code: str, grants: Sequence[Grant], over: Mapping[date, int]) -> str:
    granted, used = sum(one.granted for one in grants), sum(one.used for one in grants)
    days = ", ".join(str(on) for on in over)
    return (
        f"{code}: {sum(over.values())} more than is authorized, on {days}; {used} of {granted} are "
        f"used, the last authorization ends on {grants[-1].last}."
    )


async def keep_authorizations(tx: Transaction, told: Sequence[intake.AuthorizationChanged]) -> None:
    """Keep what intake says of each authorization in place of what it said before."""
    for event in told:
        row = event.model_dump(exclude={"authorization_id", "changed_at"})
        row |= {"id": event.authorization_id, "unit": event.unit.model_dump_json()}
        await tx.execute(*upsert("authorizations", row, key="id"))


async def note_stays(tx: Transaction, told: Sequence[StayEvent]) -> None:
    """Follow stays once all events of a batch are known."""
    tx.at_end(follow_stays, *told)


async def follow_stays(tx: Transaction, told: Sequence[StayEvent]) -> None:
    """Know by when each stay that goes on has to be certified again; one that ended needs none."""
    enrolled = [event for event in told if isinstance(event, intake.ClientEnrolled)]
    async with at_all_sites(tx):
        found = await tx.fetch(CERTIFIED, *ENROLLED.arrays(enrolled)) if enrolled else ()
    stays = []
    for row in map(dict, found):
        policy, on = booking_policy(row["site_id"]), day_at(row["enrolled_at"], row["time_zone"])
        earliest = on - timedelta(days=policy.certified_days_before_enrolment)
        if row["certified_on"] is None or row["certified_on"] < earliest:
            due_on = on + timedelta(days=policy.recertify_every_days)
            row |= {"certified_on": on, "due_on": due_on}
        stays.append(row | {"look_at": _look_at(row["due_on"], row["site_id"], row["time_zone"])})
    if stays:
        await tx.write(BEGIN, *STAYS.arrays(stays))
    changes = [event for event in told if isinstance(event, intake.EpisodeStateChanged)]
    if over := [event.enrolment_id for event in changes if event.ended]:
        await tx.execute(END, over)
    tx.wake()


async def note_certifications(tx: Transaction, told: Sequence[intake.ClientCertified]) -> None:
    """Reckon the next certification of the stays that go on from these."""
    for event in told:
        if (zone := await tx.fetchval(ZONE, event.site_id)) is not None:
            look_at = _look_at(event.recertify_by, event.site_id, zone)
            days = event.certified_on, event.recertify_by
            await tx.execute(CERTIFY, event.client_id, *days, look_at, event.site_id)
            tx.wake()


async def tell_recertifications(tx: Transaction) -> int:
    """Publish RecertificationDue for each certification whose time has come; how many."""
    rows = await tx.fetch(DUE, tx.now, AT_ONCE)
    for row in rows:
        publish(tx, RecertificationDue(**row, noticed_at=tx.now))
    await tx.execute(TOLD, [row["enrolment_id"] for row in rows])
    return len(rows)


def _look_at(due_on: date, site_id: UUID, zone: str) -> datetime:
    """The midnight at the site from which on it is told."""
    day = due_on - timedelta(days=booking_policy(site_id).recertification_lead_days)
    return midnight(day, zone)
