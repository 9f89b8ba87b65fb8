"""Booking a session of one client, or of clients with relatives."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg

from services.scheduling.appointments.commands import tell_again
from services.scheduling.bookings.commands import Booking, Busy, book, bookings_of
from services.scheduling.bookings.policy import slot_policy
from services.scheduling.bookings.queries import place_of
from services.scheduling.bookings.rules import Asked, modality_of, own_group, require_suited
from services.scheduling.directory.commands import lock_site
from services.scheduling.sessions.changing import instant_to_come
from services.scheduling.sessions.moving import plan_by_own_edition
from services.scheduling.sessions.queries import show_session
from services.scheduling.slots import rules
from services.scheduling.slots.queries import BUSY, require_length, seats_now
from services.scheduling.slots.schemas import NewOwnSession, OwnSession
from services.scheduling.units.commands import Planned, require_authorized
from shared.database import Columns, Transaction, at_all_sites, insert
from shared.errors import pointing
from shared.ids import new_id

APPOINTED = Columns.of(client_id="uuid", placement_id="uuid", on_hold="boolean")
APPOINT = f"""
INSERT INTO appointments
  (client_id, placement_id, on_hold, session_id, site_id, state, scheduled_at)
SELECT given.*, {APPOINTED.next}, {APPOINTED.after(1)}, 'scheduled', {APPOINTED.after(2)}
FROM {APPOINTED.rows}
"""  # noqa: S608 - the columns are above


async def book_session(tx: Transaction, new: NewOwnSession, *, by: str) -> OwnSession:
    """Book a session that belongs to no cohort; publishes SessionScheduled for each client, with
    the cohort of the client's seat.

    Raises:
        NotFound: no such site that the caller may see.
        BadLength, TooManyClients, ClientTwice, NotPlacedHere, StaffNotQualified: see there.
        NoSuchTime, TimeShownTwice, TimeIsPast, SiteClosed, Unsuited: see there.
        UnitsExceeded: it goes beyond what the payer authorized, and no reason is given.
        Busy, ClientBusy: the room, the person or a client is taken then.
    """
    site = await lock_site(tx, new.site_id, pointer="/site_id")
    policy = slot_policy(site.id)
    require_length(policy, new.kind, new.minutes, "/minutes")
    if len(new.client_ids) > (people := policy.kinds[new.kind].people):
        raise rules.TooManyClients(f"At most {people} of them.", pointer="/client_ids")
    await plan_by_own_edition(tx, site.id)
    starts_at = await instant_to_come(tx, site, new)
    seats = await _seats(tx, new.client_ids, site.id)
    place = await place_of(tx, site)
    ends_at = starts_at + timedelta(minutes=new.minutes)
    asked = Asked(starts_at, ends_at, None, new.room_id, new.facilitator_id)
    require_suited([("", asked)], own_group(site.id, new.kind, len(seats)), place)
    what = (new.kind, starts_at, new.minutes, site.time_zone)
    planned = [Planned(seat["client_id"], site.id, *what) for seat in seats]
    await require_authorized(tx, planned, reason=new.excess_reason, by=by)
    session_id = new_id()
    session = {
        "id": session_id,
        "site_id": site.id,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "local_start": new.local_start,
        "time_zone": site.time_zone,
        "kind": new.kind,
        "topic": new.topic or f"{new.kind.capitalize()} session",
        "break_minutes": 0,
        "modality": modality_of(asked.modality, asked.room_id, place),
    }
    await tx.execute(*insert("sessions", session))
    await tx.execute(APPOINT, *APPOINTED.arrays(map(dict, seats)), session_id, site.id, tx.now)
    await _book(tx, session_id, asked, seats)
    await tell_again(tx, [session_id])
    shown = await show_session(tx, session_id)
    return OwnSession(**dict(shown), client_ids=[seat["client_id"] for seat in seats])


async def _seats(
    tx: Transaction, client_ids: Sequence[UUID], site_id: UUID
) -> list[asyncpg.Record]:
    found = await seats_now(tx, client_ids)
    seats: dict[UUID, asyncpg.Record] = {}  # by placement, as one person may be named twice
    for index, client_id in enumerate(client_ids):
        pointer = f"/client_ids/{index}"
        seat = found.get(client_id)
        if seat is None or seat["site_id"] != site_id:
            raise rules.NotPlacedHere("This client has no seat at the site now.", pointer=pointer)
        if seat["placement_id"] in seats:
            raise rules.ClientTwice("This client is listed above.", pointer=pointer)
        seats[seat["placement_id"]] = seat
    return list(seats.values())


async def _book(
    tx: Transaction, session_id: UUID, asked: Asked, seats: Sequence[asyncpg.Record]
) -> None:
    async with at_all_sites(tx):
        for index, seat in enumerate(seats):
            if await tx.fetchrow(BUSY, seat["records"], asked.starts_at, asked.ends_at) is not None:
                raise rules.ClientBusy(
                    "This client has another session then.", pointer=f"/client_ids/{index}"
                )
    clients = [Booking(session_id, seat["client_id"], "client") for seat in seats]
    with pointing("/{0.field}", Busy):
        await book(tx, [*bookings_of(session_id, asked), *clients])
