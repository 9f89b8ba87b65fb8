"""Keeping partners' seats, and holding them for clients who need a higher level."""

import contextlib
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.scheduling.directory.queries import show_region, show_site
from services.scheduling.step_up import schemas
from services.scheduling.step_up.policy import step_up_policy
from services.scheduling.step_up.queries import show_request, show_slot
from shared.contracts.scheduling import PartnerSeatHeld, PartnerSeatReleased
from shared.database import Record, Transaction, at_all_sites, insert, unless_taken, update
from shared.errors import Conflict, NotFound, found, require_version
from shared.ids import new_id
from shared.messaging.consumer import Received
from shared.messaging.outbox import publish

BATCH = 50
LOCK_ALL = "SELECT FROM partner_slots ORDER BY id FOR NO KEY UPDATE"
"""They are few, and seldom held: so no client gets two."""
BEST = """
UPDATE partner_slots SET held = held + 1 WHERE id = (
  SELECT s.id FROM partner_slots s, sites t
  WHERE t.id = $2 AND s.level = $1 AND s.seats > s.held
    AND (s.region_id IS NULL OR s.region_id = t.region_id)
  ORDER BY s.region_id IS NULL, s.seats - s.held DESC, s.id LIMIT 1
) RETURNING id
"""
HOLDS_ONE = """
SELECT FROM partner_holds WHERE client_id = ANY (platform.records_of($1)) AND released_at IS NULL
"""
LOCK_HOLD = "SELECT * FROM partner_holds WHERE id = $1 FOR NO KEY UPDATE"
OVER = """
SELECT * FROM partner_holds WHERE released_at IS NULL AND expires_at <= $1
ORDER BY expires_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
"""


KNOWN = """
SELECT FROM placements WHERE client_id = ANY (platform.records_of($1)) AND site_id = $2
UNION ALL
SELECT FROM waitlist WHERE client_id = ANY (platform.records_of($1)) AND site_id = $2 LIMIT 1
"""


class PartnerKnown(Conflict):
    """The partner's seats at this level for this region are entered already."""


class SeatsHeld(Conflict):
    """More seats are held than the partner would have."""


class NoPartnerSeat(Conflict):
    """No partner has a free seat at the level for the region."""


class SeatHeldAlready(Conflict):
    """A partner's seat is held for the client already."""


class SeatNotHeld(Conflict):
    """The seat is held no more."""


async def enter_slot(tx: Transaction, new: schemas.NewPartnerSlot) -> schemas.PartnerSlot:
    """Enter a partner's seats.

    Raises:
        NotFound: no such region.
        PartnerKnown: they are entered already.
    """
    if new.region_id is not None:
        await show_region(tx, new.region_id, pointer="/region_id")
    row = {"id": new_id(), **new.model_dump(), "created_at": tx.now}
    with unless_taken(PartnerKnown("Change the number of seats there.", pointer="/partner")):
        await tx.execute(*insert("partner_slots", row))
    return schemas.PartnerSlot(**row, held=0, version=1)


async def change_slot(
    tx: Transaction, expected: int, slot_id: UUID, new: schemas.PartnerSeats
) -> schemas.PartnerSlot:
    """Say how many seats the partner keeps from now on.

    Raises:
        NotFound, StaleVersion: as ever.
        SeatsHeld: more are held now.
    """
    slot = await show_slot(tx, slot_id, lock=True)
    require_version(slot.version, expected)
    if new.seats < slot.held:
        raise SeatsHeld(f"{slot.held} seats are held now: release some first.", pointer="/seats")
    await tx.execute(*update("partner_slots", {"seats": new.seats}, where={"id": slot_id}))
    return slot.changed(seats=new.seats)


async def request_step_up(tx: Transaction, new: schemas.NewStepUpRequest) -> schemas.StepUpRequest:
    """Hold a partner's seat for a client; publishes PartnerSeatHeld.

    Raises:
        NotFound: no such site that the caller may see, or no such client there.
        SeatHeldAlready: one is held for the client.
        NoPartnerSeat: none is free for the region of the site.
    """
    await show_site(tx, new.site_id, pointer="/site_id")
    if await tx.fetchrow(KNOWN, new.client_id, new.site_id) is None:
        raise NotFound("No such client was ever placed or waits there.", pointer="/client_id")
    return await show_request(tx, await _hold(tx, new.client_id, new.site_id, new.level))


async def hold_at_step_up(tx: Transaction, level: str | None, cause: Received[Any]) -> None:
    """Hold a seat for the client of an event who is to step up, if a level is named, a seat is free
    there and none is held already; publishes PartnerSeatHeld."""
    if level is not None:
        with contextlib.suppress(SeatHeldAlready, NoPartnerSeat):
            await _hold(tx, cause.event.client_id, cause.event.site_id, level, cause)


async def release(
    tx: Transaction, expected: int, request_id: UUID, new: schemas.Release
) -> schemas.StepUpRequest:
    """Hold a seat no more, as it was taken or is not needed; publishes PartnerSeatReleased. A seat
    that was taken is the partner's to count from then on.

    Raises:
        NotFound, StaleVersion: as ever.
        SeatNotHeld: it was released before.
    """
    row = found(await tx.fetchrow(LOCK_HOLD, request_id), "step-up request")
    require_version(row["version"], expected)
    if row["released_at"] is not None:
        raise SeatNotHeld("It was released before.")
    await _release(tx, row, new.outcome)
    return await show_request(tx, request_id)


async def let_go(tx: Transaction) -> int:
    """Release the seats whose time is over; how many they were."""
    rows = await tx.fetch(OVER, tx.now, BATCH)
    for row in sorted(rows, key=lambda row: row["slot_id"]):  # as they are locked to be held
        await _release(tx, row, "expired")
    return len(rows)


async def _hold(
    tx: Transaction, client_id: UUID, site_id: UUID, level: str, cause: Received[Any] | None = None
) -> UUID:
    """A seat of a partner of the region before one of all regions, then where most are free.

    Raises:
        SeatHeldAlready: one is held for the client.
        NoPartnerSeat: none is free.
    """
    await tx.fetch(LOCK_ALL)
    async with at_all_sites(tx):  # for whichever record of the person
        held = await tx.fetchrow(HOLDS_ONE, client_id)
    if held is not None:
        raise SeatHeldAlready("Release the seat that is held first.", pointer="/client_id")
    slot_id = await tx.fetchval(BEST, level, site_id)
    if slot_id is None:
        words = f"No partner has a free seat at level {level} for the region of the site."
        raise NoPartnerSeat(words, pointer="/level")
    hold_id, hours = new_id(), step_up_policy(site_id).hold_hours
    until = {"held_at": tx.now, "expires_at": tx.now + timedelta(hours=hours)}
    asked = {"client_id": client_id, "site_id": site_id, "level": level}
    row = {**asked, **until, "id": hold_id, "slot_id": slot_id}
    await tx.execute(*insert("partner_holds", row))
    publish(tx, PartnerSeatHeld(**row, hold_id=hold_id), cause=cause)
    return hold_id


async def _release(tx: Transaction, row: Record, outcome: schemas.Outcome) -> None:
    ended = {"released_at": tx.now, "outcome": outcome}
    await tx.execute("UPDATE partner_slots SET held = held - 1 WHERE id = $1", row["slot_id"])
    await tx.execute(*update("partner_holds", ended, where={"id": row["id"]}))
    publish(tx, PartnerSeatReleased(**{**dict(row), **ended}, hold_id=row["id"]))
