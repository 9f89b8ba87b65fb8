"""What a search of free times rests on, and what it finds."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.appointments.policy import OwnKind, SlotPolicy, slot_policy
from services.scheduling.appointments.queries import place_of
from services.scheduling.directory.queries import closed_days, show_site
from services.scheduling.preferences.queries import known_clients
from services.scheduling.slots import rules
from services.scheduling.slots.schemas import AskedSlots, FreeSlot, FreeSlots, Named
from shared.calendar import day_at
from shared.database import Record, Transaction, at_all_sites
from shared.errors import NotFound

SEATS = """
SELECT asked.client_id AS asked, p.id AS placement_id, p.site_id, p.client_id,
  p.primary_therapist_id, platform.records_of(asked.client_id) AS records,
  EXISTS (SELECT FROM holds h WHERE h.enrolment_id = p.enrolment_id) AS on_hold
FROM unnest($1::uuid[]) AS asked(client_id) CROSS JOIN LATERAL (
  SELECT * FROM placements
  WHERE client_id = ANY (platform.records_of(asked.client_id)) AND ended_at IS NULL
    AND proposed_until IS NULL
  ORDER BY placed_at DESC, id DESC LIMIT 1
) AS p
"""
"""The seats that clients have now; of a person who has two, the later one."""
STAFF = """
SELECT s.id, s.name, (
  SELECT count(*) FROM placements p WHERE p.primary_therapist_id = s.id AND p.ended_at IS NULL
) AS clients
FROM staff s WHERE s.id = ANY ($1::uuid[])
"""
BUSY = """
SELECT resource_id, lower(during) AS begins, upper(during) AS ends FROM bookings
WHERE resource_id = ANY ($1::uuid[]) AND during && tstzrange($2, $3)
"""
DAY = timedelta(days=1)


async def seats_now(tx: Transaction, client_ids: Sequence[UUID]) -> dict[UUID, Record]:
    """The seat that each client has now, by the id that was asked for."""
    return {row["asked"]: row for row in await tx.fetch(SEATS, client_ids)}


def require_length(policy: SlotPolicy, kind: OwnKind, minutes: int, pointer: str) -> None:
    """Refuse what is too short or too long for the kind."""
    allowed = policy.kinds[kind].minutes
    if not allowed.least <= minutes <= allowed.most:
        raise rules.BadLength(f"From {allowed.least} to {allowed.most} minutes.", pointer=pointer)


async def find_slots(tx: Transaction, asked: AskedSlots) -> FreeSlots:
    """Free times for a session of a client at the site of the seat, best first, each explained.

    What people are taken for at sites that the caller may not see counts, and is not told.

    Raises:
        NotFound: the client has no seat now that the caller may see, or none at the site.
        BadLength, BadRange: see there.
    """
    seat = (await seats_now(tx, [asked.client_id])).get(asked.client_id)
    if seat is None or asked.site_id not in (None, seat["site_id"]):
        raise NotFound("The client has no seat at the site now.")
    site = await show_site(tx, seat["site_id"])
    policy = slot_policy(site.id)
    require_length(policy, asked.kind, asked.minutes, "minutes")
    longest = policy.days_searched * DAY
    if not asked.since < asked.until <= asked.since + longest or asked.until <= tx.now:
        words = f"Ask for a time to come of {policy.days_searched} days at most."
        raise rules.BadRange(words, pointer="to")
    span = max(asked.since, tx.now), asked.until
    place = await place_of(tx, site)
    place = replace(place, opening=place.opening or policy.without_opening_hours.week)
    closed = await closed_days(tx, site.id, *(day_at(one, site.time_zone) for one in span))
    busy: defaultdict[UUID, list[rules.Span]] = defaultdict(list)
    async with at_all_sites(tx):
        staff = {row["id"]: row for row in await tx.fetch(STAFF, list(place.staff))}
        for row in await tx.fetch(BUSY, [*staff, *place.rooms, *seat["records"]], *span):
            busy[row["resource_id"]].append((row["begins"], row["ends"]))
    known = await known_clients(tx, [asked.client_id], familiar=False)
    (client,) = known.values()
    around = place, closed, busy, {one: row["clients"] for one, row in staff.items()}
    about = span, asked.minutes, seat["records"], asked.modality
    who = policy.kinds[asked.kind].credentials, seat["primary_therapist_id"], asked.facilitator_id
    comes = client.windows, client.zone or site.time_zone
    search, zone = rules.Search(*around, *about, *who, *comes), ZoneInfo(site.time_zone)
    items = []
    for one in await asyncio.to_thread(rules.propose, search, policy):
        local = one.starts_at.astimezone(zone)
        slot = FreeSlot(
            **{name: getattr(one, name) for name in ("starts_at", "ends_at", "score")},
            day=f"{local:%Y-%m-%d}",
            starts=f"{local:%H:%M}",
            facilitator=Named(id=one.therapist.id, name=staff[one.therapist.id]["name"]),
            room=Named(id=one.room.id, name=one.room.name),
            criteria=rules.explain(one, search, policy),
        )
        items.append(slot)
    what = {"client_id": asked.client_id, "minutes": asked.minutes, "items": items}
    return FreeSlots(**what, site_id=site.id, time_zone=site.time_zone)
