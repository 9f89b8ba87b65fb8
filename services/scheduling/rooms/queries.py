"""Rooms as they are read."""

from uuid import UUID

from services.scheduling.rooms.schemas import RoomEntry
from shared.database import Transaction
from shared.errors import found
from shared.web import Page, Paging, page_of

ROOM = """
SELECT r.*, (SELECT count(*) FROM bookings b
  WHERE b.resource_id = r.id AND b.during && tstzrange($1, NULL)) AS sessions_to_come
FROM rooms r
"""
ONE = f"{ROOM} WHERE r.id = $2"
MANY = f"""
{ROOM} WHERE r.id > $2 AND ($4::uuid IS NULL OR r.site_id = $4) AND ($5 OR r.closed_at IS NULL)
ORDER BY r.id LIMIT $3
"""


async def show_room(tx: Transaction, room_id: UUID, *, lock: bool = False) -> RoomEntry:
    """One room, locked for a change if `lock`.

    Raises:
        NotFound: when there is none that the caller may see.
    """
    one = f"{ONE} FOR UPDATE OF r" if lock else ONE
    return RoomEntry(**found(await tx.fetchrow(one, tx.now, room_id), "room"))


async def list_rooms(
    tx: Transaction, paging: Paging, site_id: UUID | None, closed: bool
) -> Page[RoomEntry]:
    """Rooms, oldest first; closed ones too where they are asked for."""
    rows = await tx.fetch(MANY, tx.now, paging.after, paging.limit + 1, site_id, closed)
    return page_of([RoomEntry(**row) for row in rows], paging.limit)
