"""Opening rooms, changing and closing them."""

from uuid import UUID

from services.scheduling.directory.queries import show_site
from services.scheduling.rooms.queries import show_room
from services.scheduling.rooms.schemas import NewRoom, RoomDetails, RoomEntry
from shared.contracts.scheduling import RoomChanged
from shared.database import Statement, Transaction, insert, unless_taken, update
from shared.errors import Conflict, Invalid, require_version
from shared.ids import new_id
from shared.messaging.outbox import publish


class RoomNameTaken(Conflict, title="A room of the site has this name"):
    """Two rooms of a site cannot have one name."""


class JoinLink(Invalid, title="A link does not go with this room"):
    """A telehealth room has a link by which it is joined, and no other room has one."""


class RoomClosed(Conflict):
    """The room is closed for good."""


async def open_room(tx: Transaction, new: NewRoom) -> RoomEntry:
    """Open a room at a site; publishes RoomChanged.

    Raises:
        NotFound: when there is no such site that the caller may see.
        JoinLink, RoomNameTaken: see there.
    """
    _require_link(new.kind, new)
    await show_site(tx, new.site_id, pointer="/site_id")
    row = {"id": new_id(), **new.model_dump(), "created_at": tx.now}
    return await _write(tx, row["id"], insert("rooms", row))


async def change_room(
    tx: Transaction, expected: int, room_id: UUID, changed: RoomDetails
) -> RoomEntry:
    """Replace what is said of a room; publishes RoomChanged.

    Raises:
        NotFound, StaleVersion, JoinLink, RoomNameTaken: see there.
    """
    room = await show_room(tx, room_id, lock=True)
    require_version(room.version, expected)
    _require_link(room.kind, changed)
    return await _write(tx, room_id, update("rooms", changed.model_dump(), where={"id": room_id}))


async def close_room(tx: Transaction, expected: int, room_id: UUID) -> RoomEntry:
    """Close a room: it takes no new session, and keeps those that it is taken for. Publishes
    RoomChanged.

    Raises:
        NotFound, StaleVersion: see there.
        RoomClosed: when it is closed already.
    """
    room = await show_room(tx, room_id, lock=True)
    require_version(room.version, expected)
    if room.closed_at is not None:
        raise RoomClosed("This room is closed already.")
    return await _write(tx, room_id, update("rooms", {"closed_at": tx.now}, where={"id": room_id}))


async def _write(tx: Transaction, room_id: UUID, statement: Statement) -> RoomEntry:
    with unless_taken(RoomNameTaken("Another room of this site has this name.", pointer="/name")):
        await tx.execute(*statement)
    room = await show_room(tx, room_id)
    publish(tx, RoomChanged(room_id=room_id, **dict(room), changed_at=tx.now))
    return room


def _require_link(kind: str, room: RoomDetails) -> None:
    if kind == "telehealth" and room.join_url is None:
        raise JoinLink("Say where the telehealth room is joined.", pointer="/join_url")
    if kind != "telehealth" and room.join_url is not None:
        raise JoinLink("Only a telehealth room is joined by a link.", pointer="/join_url")
