"""Booking a session of one client, or of clients with relatives."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.scheduling.appointments.commands import Booking, Busy, Kind, book, tell_again
from services.scheduling.appointments.policy import slot_policy
from services.scheduling.appointments.queries import place_of
from services.scheduling.appointments.rules import Asked, modality_of, own_group, require_suited
from services.scheduling.sessions.changing import instant_to_come
from services.scheduling.sessions.commands import lock_to_plan
from services.scheduling.sessions.queries import show_session
from services.scheduling.slots import rules
from services.scheduling.slots.queries import require_length, seats_now
from services.scheduling.slots.schemas import NewOwnSession, OwnSession
from services.scheduling.units.commands import Planned, require_authorized
from shared.database import Columns, Record, Transaction, at_all_sites
from shared.ids import new_id

OWN = Columns.by_type(
    uuid="id site_id client_id", text="kind topic modality", timestamptz="starts_at ends_at"
)
PLANNED = f"""
SELECT given.client_id, given.site_id, given.kind, given.starts_at,
  (extract(epoch FROM given.ends_at - given.starts_at) / 60)::int AS minutes, i.time_zone
FROM {OWN.rows} JOIN sites i ON i.id = given.site_id
"""  # noqa: S608 - the columns are above
HOLD = f"""
WITH given AS (
  SELECT given.*, i.time_zone, p.id AS placement_id, p.enrolment_id
  FROM {OWN.rows} JOIN sites i ON i.id = given.site_id
  JOIN placements p ON p.client_id = given.client_id AND p.ended_at IS NULL
), made AS (
  INSERT INTO sessions (id, site_id, starts_at, ends_at, local_start, time_zone, kind, topic,
    modality, break_minutes)
  SELECT DISTINCT id, site_id, starts_at, ends_at, starts_at AT TIME ZONE time_zone, time_zone,
    kind, topic, modality, 0
  FROM given
)
INSERT INTO appointments
  (session_id, client_id, site_id, placement_id, state, scheduled_at, on_hold)
SELECT id, client_id, site_id, placement_id, 'scheduled', {OWN.next},
  EXISTS (SELECT FROM holds h WHERE h.enrolment_id = given.enrolment_id)
FROM given
"""  # noqa: S608 - the columns are above
TAKEN: tuple[Kind, ...] = ("room", "facilitator", "client")


async def hold_own_sessions(
    tx: Transaction, rows: Sequence[Mapping[str, Any]], *, reason: str | None, by: str
) -> None:
    """Hold sessions of clients of their own: a row is one client in one of them, with its room and
    its facilitator. The caller has found that they suit. Publishes SessionScheduled for each row.

    Raises:
        UnitsExceeded: they go beyond what a payer authorized, and no reason is given.
        Busy: a room, a person or a client is taken then.
    """
    planned = [Planned(**row) for row in await tx.fetch(PLANNED, *OWN.arrays(rows))]
    await require_authorized(tx, planned, reason=reason, by=by)
    async with at_all_sites(tx):  # a hold is kept at the site of the client
        await tx.execute(HOLD, *OWN.arrays(rows), tx.now)
    await book(tx, {Booking(row["id"], row[f"{of}_id"], of) for row in rows for of in TAKEN})
    await tell_again(tx, [row["id"] for row in rows])


async def book_session(tx: Transaction, new: NewOwnSession, by: str) -> OwnSession:
    """Book a session that belongs to no cohort; publishes SessionScheduled for each client, with
    the cohort of the client's seat.

    Raises:
        NotFound: no such site that the caller may see.
        BadLength, TooManyClients, ClientTwice, NotPlacedHere, StaffNotQualified: see there.
        NoSuchTime, TimeShownTwice, TimeIsPast, SiteClosed, Unsuited: see there.
        UnitsExceeded: it goes beyond what the payer authorized, and no reason is given.
        Busy, ClientBusy: the room, the person or a client is taken then.
    """
    site = await lock_to_plan(tx, new.site_id, pointer="/site_id")
    policy = slot_policy(site.id)
    require_length(policy, new.kind, new.minutes, "/minutes")
    if len(new.client_ids) > (people := policy.kinds[new.kind].people):
        raise rules.TooManyClients(f"At most {people} of them.", pointer="/client_ids")
    starts_at = await instant_to_come(tx, site, new)
    seats = await _seats(tx, new.client_ids, site.id)
    place = await place_of(tx, site)
    ends_at = starts_at + timedelta(minutes=new.minutes)
    asked = Asked(starts_at, ends_at, None, new.room_id, new.facilitator_id)
    require_suited([("", asked)], own_group(site.id, new.kind, len(seats)), place)
    own = {"id": new_id(), "starts_at": starts_at, "ends_at": ends_at}
    own["topic"] = new.topic or f"{new.kind.capitalize()} session"
    own["modality"] = modality_of(None, new.room_id, place)
    clients = [seat["client_id"] for seat in seats]
    rows = [{**new.model_dump(), **own, "client_id": client_id} for client_id in clients]
    try:
        await hold_own_sessions(tx, rows, reason=new.excess_reason, by=by)
    except Busy as busy:
        for one in busy.taken:
            if one.kind == "client":
                at = f"/client_ids/{clients.index(one.resource_id)}"
                words = "This client has another session then."
                raise rules.ClientBusy(words, pointer=at) from None
        busy.pointer = f"/{busy.field}"
        raise
    shown = await show_session(tx, rows[0]["id"])
    return OwnSession(**dict(shown), client_ids=clients)


async def _seats(tx: Transaction, client_ids: Sequence[UUID], site_id: UUID) -> list[Record]:
    found = await seats_now(tx, client_ids)
    seats: dict[UUID, Record] = {}  # by placement, as one person may be named twice
    for index, client_id in enumerate(client_ids):
        pointer = f"/client_ids/{index}"
        seat = found.get(client_id)
        if seat is None or seat["site_id"] != site_id:
            raise rules.NotPlacedHere("This client has no seat at the site now.", pointer=pointer)
        if seat["placement_id"] in seats:
            raise rules.ClientTwice("This client is listed above.", pointer=pointer)
        seats[seat["placement_id"]] = seat
    return list(seats.values())
