"""Rooms over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.scheduling.directory.routes import AtSite, Manager
from services.scheduling.rooms import commands, queries
from services.scheduling.rooms.schemas import NewRoom, RoomDetails, RoomEntry
from shared.web import Page, Paged, Reader, Router, needs_if_match

router = Router(prefix="/rooms", tags=["Rooms"])


@router.create("", summary="Open a room")
async def open_room(body: NewRoom, call: Manager) -> RoomEntry:
    """Open a room at a site, or a telehealth room with the link by which it is joined."""
    return await call.create(commands.open_room, body, location="/rooms/{id}")


@router.get("", summary="List rooms")
async def list_rooms(
    call: Reader,
    paging: Paged,
    site_id: AtSite = None,
    closed: Annotated[bool, Query(description="Show closed ones too.")] = False,
) -> Page[RoomEntry]:
    """The rooms of the sites that the caller may see."""
    return await call.show(lambda tx: queries.list_rooms(tx, paging, site_id, closed))


@router.get("/{room_id}", summary="Show a room")
async def show_room(room_id: UUID, call: Reader) -> RoomEntry:
    """One room, and for how many sessions to come it is taken."""
    return await call.show(lambda tx: queries.show_room(tx, room_id))


@router.put("/{room_id}", summary="Change a room")
async def change_room(room_id: UUID, body: RoomDetails, call: Manager) -> RoomEntry:
    """Replace name, capacity and link. Sessions that it is taken for are kept."""
    return await call.update(commands.change_room, room_id, body)


@router.post("/{room_id}/close", summary="Close a room")
@needs_if_match
async def close_room(room_id: UUID, call: Manager) -> RoomEntry:
    """The room takes no new session; those that it is taken for stay, and are to be moved."""
    return await call.update(commands.close_room, room_id)
