"""What a search of free times rests on, and what it finds."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import orjson

from services.scheduling.directory.queries import show_site
from services.scheduling.directory.schemas import Site
from services.scheduling.sessions.rules import day_bounds
from services.scheduling.slots.policy import OwnKind, slot_policy
from services.scheduling.slots.refusals import BadLength, BadRange, NotPlacedHere
from services.scheduling.slots.rules import (
    Asked,
    Ground,
    Room,
    Span,
    Therapist,
    propose,
    together,
    weekly,
    without,
)
from services.scheduling.slots.schemas import FreeSlot, FreeSlots, Modality, Named
from shared.database import Transaction
from shared.database.transaction import at_all_sites
from shared.errors import NotFound

SEATS = """
SELECT asked.client_id AS asked, p.id, p.site_id, p.client_id, p.enrolment_id, p.cohort_id,
  p.primary_therapist_id, platform.records_of(asked.client_id) AS records, EXISTS (
    SELECT FROM holds h WHERE h.enrolment_id = p.enrolment_id) AS on_hold
FROM unnest($1::uuid[]) AS asked(client_id) CROSS JOIN LATERAL (
  SELECT * FROM placements
  WHERE client_id = ANY (platform.records_of(asked.client_id)) AND ended_at IS NULL
  ORDER BY placed_at DESC, id DESC LIMIT 1
) AS p
"""
"""The seats that clients have now; of a person who has two, the later one."""
OPENING = "SELECT weekday, opens_minute, closes_minute FROM opening_hours WHERE site_id = $1"
CLOSED = "SELECT day, name FROM closed_days WHERE site_id = $1 AND day BETWEEN $2 AND $3"
ROOMS = """
SELECT id, name, kind, capacity FROM rooms WHERE site_id = $1 AND closed_at IS NULL
  AND ($2::uuid IS NULL OR id = $2) ORDER BY id
"""
STAFF = """
SELECT s.id, s.name, s.credentials, s.hours, s.caseload_limit, (
    SELECT count(*) FROM placements p WHERE p.primary_therapist_id = s.id AND p.ended_at IS NULL
  ) AS clients
FROM staff s JOIN staff_sites w ON w.staff_id = s.id AND w.site_id = $1
WHERE s.left_at IS NULL AND ($2::uuid IS NULL OR s.id = $2) ORDER BY s.id
"""
LEAVE = """
SELECT staff_id AS id, lower(during) AS begins, upper(during) AS ends FROM staff_leave
WHERE staff_id = ANY ($1::uuid[]) AND during && tstzrange($2, $3)
"""
BUSY = """
SELECT resource_id AS id, lower(during) AS begins, upper(during) AS ends FROM bookings
WHERE resource_id = ANY ($1::uuid[]) AND during && tstzrange($2, $3)
"""
DAY, INSTANT = timedelta(days=1), timedelta(microseconds=1)


async def seats_now(tx: Transaction, client_ids: Sequence[UUID]) -> dict[UUID, asyncpg.Record]:
    """The seat that each client has now, by the id that was asked for."""
    return {row["asked"]: row for row in await tx.fetch(SEATS, client_ids)}


async def survey(
    tx: Transaction,
    site: Site,
    span: Span,
    client_ids: Sequence[UUID],
    *,
    facilitator_id: UUID | None,
    room_id: UUID | None = None,
) -> Ground:
    """What is known of the days around `span` at a site, of all therapists and rooms or of these.

    What people are taken for at sites that the caller may not see counts, and is not told.
    """
    zone = ZoneInfo(site.time_zone)
    first, last = (one.astimezone(zone).date() for one in (span[0], span[1] - INSTANT))
    bounds = day_bounds(first, site.time_zone)[0], day_bounds(last, site.time_zone)[1]
    hours = [(a, b, c) for a, b, c in await tx.fetch(OPENING, site.id)]
    closed = {row["day"]: row["name"] for row in await tx.fetch(CLOSED, site.id, first, last)}
    rooms = [Room(**row) for row in await tx.fetch(ROOMS, site.id, room_id)]
    async with at_all_sites(tx):
        staff = await tx.fetch(STAFF, site.id, facilitator_id)
        ids = [row["id"] for row in staff]
        leave = _spans(await tx.fetch(LEAVE, ids, *bounds))
        busy = _spans(
            await tx.fetch(BUSY, [*ids, *client_ids, *(one.id for one in rooms)], *bounds)
        )
    days_off = [day_bounds(day, site.time_zone) for day in sorted(closed)]
    always = weekly(hours, first, last, zone) if hours else [bounds]
    therapists = {}
    for row in staff:
        works = orjson.loads(row["hours"])
        here = [
            (one["weekday"], one["starts_minute"], one["ends_minute"])
            for one in works
            if one["site_id"] == str(site.id)
        ]
        spans = weekly(here, first, last, zone) if works else [bounds]
        therapists[row["id"]] = Therapist(
            row["id"],
            row["name"],
            {
                one["credential"]: _day(one["expires_on"])
                for one in orjson.loads(row["credentials"])
            },
            spans,
            leave.get(row["id"], []),
            row["clients"],
            row["caseload_limit"],
        )
    return Ground(zone, without(always, days_off), closed, therapists, rooms, busy)


async def find_slots(
    tx: Transaction,
    client_id: UUID,
    kind: OwnKind,
    minutes: int,
    span: Span,
    *,
    site_id: UUID | None,
    facilitator_id: UUID | None,
    modality: Modality,
    within: Sequence[Span] | None = None,
) -> FreeSlots:
    """Free times for a session of a client at the site of the seat, best first, each explained.

    `within` are the times at which the client can come; without them any time will do.

    Raises:
        NotFound: the client has no seat now that the caller may see.
        NotPlacedHere: it is at another site.
        BadLength, BadRange: see there.
    """
    seat = (await seats_now(tx, [client_id])).get(client_id)
    if seat is None:
        raise NotFound("The client has no seat now.")
    if site_id not in (None, seat["site_id"]):
        raise NotPlacedHere("The client has a seat at another site.", pointer="site_id")
    site = await show_site(tx, seat["site_id"])
    policy = slot_policy(site.id)
    BadLength.require(minutes, policy.kinds[kind].minutes, "minutes")
    if not span[0] < span[1] <= span[0] + policy.days_searched * DAY or span[1] <= tx.now:
        raise BadRange(
            f"Ask for a time to come of {policy.days_searched} days at most.", pointer="to"
        )
    span = max(span[0], tx.now), span[1]
    ground = await survey(tx, site, span, seat["records"], facilitator_id=facilitator_id)
    asked = Asked(
        span,
        minutes,
        2,
        seat["records"],
        seat["primary_therapist_id"],
        policy.kinds[kind].credentials,
        "telehealth" if modality == "telehealth" else "room",
        within,
    )
    return FreeSlots(
        client_id=client_id,
        site_id=site.id,
        time_zone=site.time_zone,
        minutes=minutes,
        items=[
            FreeSlot(
                starts_at=one.starts_at,
                ends_at=one.ends_at,
                local_start=f"{one.starts_at.astimezone(ground.zone):%Y-%m-%dT%H:%M}",
                facilitator=Named(id=one.therapist.id, name=one.therapist.name),
                room=Named(id=one.room.id, name=one.room.name),
                score=one.score,
                criteria=list(one.criteria),
            )
            for one in propose(ground, asked, policy)
        ],
    )


def _spans(rows: Sequence[asyncpg.Record]) -> dict[UUID, list[Span]]:
    found: defaultdict[UUID, list[Span]] = defaultdict(list)
    for row in rows:
        found[row["id"]].append((row["begins"], row["ends"]))
    return {one: together(spans) for one, spans in found.items()}


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
