"""Booking a session of one client, or of clients and relatives."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from services.scheduling.bookings.commands import Booking, book
from services.scheduling.directory.commands import lock_sites
from services.scheduling.directory.queries import show_site
from services.scheduling.directory.schemas import Site
from services.scheduling.sessions.queries import show_session
from services.scheduling.sessions.rules import instant_of
from services.scheduling.slots.policy import KindPolicy, slot_policy
from services.scheduling.slots.queries import seats_now, survey
from services.scheduling.slots.refusals import (
    BadLength,
    ClientBusy,
    ClientTwice,
    LocalTimeSkipped,
    LocalTimeTwice,
    NotPlacedHere,
    OutsideOpeningHours,
    OutsideWorkingHours,
    RoomBusy,
    RoomTooSmall,
    SessionInPast,
    SiteClosed,
    StaffBusy,
    StaffNotQualified,
    StaffOnLeave,
    TooManyClients,
)
from services.scheduling.slots.rules import Ground, Room, Span, holds, instants_of
from services.scheduling.slots.schemas import BookedSession, NewSession
from shared.contracts.scheduling import SessionScheduled
from shared.database import Columns, Transaction, insert
from shared.errors import Conflict, NotFound
from shared.ids import new_id
from shared.messaging.outbox import publish

APPOINTED = Columns.of(client_id="uuid", placement_id="uuid", on_hold="boolean")
APPOINT = f"""
INSERT INTO appointments
  (client_id, placement_id, on_hold, session_id, site_id, state, scheduled_at)
SELECT given.*, {APPOINTED.next}, {APPOINTED.after(1)}, 'scheduled', {APPOINTED.after(2)}
FROM {APPOINTED.rows}
"""  # noqa: S608 - the columns are above
TOPICS = {"individual": "Individual session", "family": "Family session"}


async def book_session(tx: Transaction, new: NewSession) -> BookedSession:
    """Book a session that belongs to no cohort; publishes SessionScheduled for each client, with
    the cohort of the client's seat.

    Raises:
        NotFound: no such site, person of the staff or room there that the caller may see.
        StaffBusy, RoomBusy, ClientBusy: taken then; Busy, where that was so at the same moment.
        BadLength, TooManyClients, ClientTwice, LocalTimeSkipped, LocalTimeTwice, SessionInPast,
        NotPlacedHere, SiteClosed, OutsideOpeningHours, StaffNotQualified, OutsideWorkingHours,
        StaffOnLeave, RoomTooSmall: see there.
    """
    site = await show_site(tx, new.site_id, pointer="/site_id")
    policy = slot_policy(site.id).kinds[new.kind]
    BadLength.require(new.minutes, policy.minutes, "/minutes")
    if len(new.client_ids) > policy.people:
        raise TooManyClients(f"At most {policy.people} of them.", pointer="/client_ids")
    starts_at = _start(tx, new, site)
    span = starts_at, starts_at + timedelta(minutes=new.minutes)
    await lock_sites(tx, [site.id])
    seats = await _seats(tx, new.client_ids, site.id)
    clients = [seat["client_id"] for seat in seats]
    records = [record for seat in seats for record in seat["records"]]
    ground = await survey(
        tx, site, span, records, facilitator_id=new.facilitator_id, room_id=new.room_id
    )
    room = _require_free(ground, new, span, policy, [seat["records"] for seat in seats])
    session_id = new_id()
    session = {
        "id": session_id,
        "site_id": site.id,
        "starts_at": span[0],
        "ends_at": span[1],
        "local_start": _local_start(span[0], ground.zone),
        "time_zone": site.time_zone,
        "kind": new.kind,
        "topic": new.topic or TOPICS[new.kind],
        "break_minutes": 0,
        "modality": "telehealth" if room.kind == "telehealth" else "in_person",
    }
    await tx.execute(*insert("sessions", session))
    rows = [{**dict(seat), "placement_id": seat["id"]} for seat in seats]
    await tx.execute(APPOINT, *APPOINTED.arrays(rows), session_id, site.id, tx.now)
    await book(
        tx,
        [
            Booking(session_id, room.id, "room"),
            Booking(session_id, new.facilitator_id, "facilitator"),
            *(Booking(session_id, client, "client") for client in clients),
        ],
    )
    for seat in seats:
        event = SessionScheduled(
            **{**session, "session_id": session_id, "site_id": site.id},
            client_id=seat["client_id"],
            enrolment_id=seat["enrolment_id"],
            cohort_id=seat["cohort_id"],
        )
        publish(tx, event)
    shown = await show_session(tx, session_id)
    return BookedSession(
        **{**dict(shown), "modality": session["modality"]},
        facilitator_id=new.facilitator_id,
        room_id=room.id,
        client_ids=clients,
    )


def _start(tx: Transaction, new: NewSession, site: Site) -> datetime:
    """The instant at which it begins."""
    if new.local_start is None:
        assert new.starts_at is not None  # the schema asks for one of the two
        starts_at, pointer = new.starts_at, "/starts_at"
    else:
        pointer = "/local_start"
        instants = instants_of(new.local_start, ZoneInfo(site.time_zone))
        if not instants:
            raise LocalTimeSkipped(
                "The clock is put forward over this time: choose another.", pointer=pointer
            )
        if len(instants) > 1:
            raise LocalTimeTwice(
                "The clock is put back to this time: give starts_at, with its offset.",
                pointer=pointer,
            )
        (starts_at,) = instants
    if starts_at <= tx.now:
        raise SessionInPast("Give a time to come.", pointer=pointer)
    return starts_at


def _local_start(starts_at: datetime, zone: ZoneInfo) -> datetime | None:
    """What the wall clock shows at the start, by which the session moves when the rules of the zone
    change; None of the second of two equal times, which would be taken for the first."""
    local = starts_at.astimezone(zone).replace(tzinfo=None)
    return local if instant_of(local.date(), local.time(), zone) == starts_at else None


async def _seats(
    tx: Transaction, client_ids: Sequence[UUID], site_id: UUID
) -> list[asyncpg.Record]:
    found = await seats_now(tx, client_ids)
    seats: dict[UUID, asyncpg.Record] = {}
    for index, client_id in enumerate(client_ids):
        pointer = f"/client_ids/{index}"
        seat = found.get(client_id)
        if seat is None or seat["site_id"] != site_id:
            raise NotPlacedHere("This client has no seat at the site now.", pointer=pointer)
        if seat["id"] in seats:
            raise ClientTwice("This client is listed above.", pointer=pointer)
        seats[seat["id"]] = seat
    return list(seats.values())


def _require_free(
    ground: Ground,
    new: NewSession,
    span: Span,
    policy: KindPolicy,
    clients: Sequence[Sequence[UUID]],
) -> Room:
    """The room, if nothing stands against the session."""
    start = "/local_start" if new.starts_at is None else "/starts_at"
    day = span[0].astimezone(ground.zone).date()
    for closed in sorted(ground.closed):
        raise SiteClosed(f"The site is closed on {closed}: {ground.closed[closed]}.", pointer=start)
    if not holds(ground.open, span):
        raise OutsideOpeningHours("The site is not open for all of that time.", pointer=start)
    therapist = ground.therapists.get(new.facilitator_id)
    if therapist is None:
        raise NotFound("There is no such person at the site.", pointer="/facilitator_id")
    if not therapist.qualified(policy.credentials, day):
        needed = " or ".join(policy.credentials) or "any credential"
        raise StaffNotQualified(f"Needed and valid on {day}: {needed}.", pointer="/facilitator_id")
    if not holds(therapist.works, span):
        raise OutsideWorkingHours(
            "These are not working hours of the person at the site.", pointer="/facilitator_id"
        )
    if any(begins < span[1] and span[0] < ends for begins, ends in therapist.leave):
        raise StaffOnLeave("The person is on leave then.", pointer="/facilitator_id")
    room = next((one for one in ground.rooms if one.id == new.room_id), None)
    if room is None:
        raise NotFound("There is no such room at the site that is in use.", pointer="/room_id")
    if room.capacity < len(clients) + 1:
        raise RoomTooSmall(f"It holds {room.capacity} people.", pointer="/room_id")
    taken: list[tuple[UUID, type[Conflict], str]] = [
        (new.facilitator_id, StaffBusy, "/facilitator_id"),
        (room.id, RoomBusy, "/room_id"),
        *(
            (record, ClientBusy, f"/client_ids/{n}")
            for n, records in enumerate(clients)
            for record in records
        ),
    ]
    for one, refusal, pointer in taken:
        if (busy := ground.conflict(one, span)) is not None:
            begins, ends = (instant.astimezone(ground.zone) for instant in busy)
            raise refusal(f"Taken from {begins:%H:%M} to {ends:%H:%M} that day.", pointer=pointer)
    return room
