"""The directory over HTTP: regions, sites, closed days, rooms and the staff."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.scheduling.directory import commands, queries, schemas, staff
from shared.access import Role
from shared.web import Allowed, Call, Page, Paged, Reader, Router, needs_if_match
from shared.web.problems import refusals

OF_SITES = "The sites, each with the zone its wall clocks show."
OF_DAYS = "The days on which a site is closed: holidays that it confirmed, and closures of its own."
OF_ROOMS = "The rooms of a site, and its telehealth rooms."
OF_STAFF = "The people of the staff who treat clients: what they may do, where and when they work."
sites = Router(tags=["Sites"], about=OF_SITES)
closed_days = Router(prefix="/sites/{site_id}", tags=["Closed days"], about=OF_DAYS)
rooms = Router(prefix="/rooms", tags=["Rooms"], about=OF_ROOMS)
people = Router(prefix="/staff", tags=["Staff"], about=OF_STAFF)

WHY = "It is not said where the site is, or no holidays of that place are known"
NOT_KNOWN = refusals({409: WHY})
FIRST, LAST = schemas.YEARS
Year = Annotated[int, Query(ge=FIRST, le=LAST, description="Of the calendar.", examples=[2026])]
OfRegion = Annotated[UUID | None, Query(description="Only of this region.")]
Closed = Annotated[bool, Query(description="Show closed ones too.")]
AtSite = Annotated[UUID | None, Query(description="Only at this site.")]
Manager = Annotated[Call, Allowed(Role.SITE_MANAGER, Role.REGIONAL_OPERATIONS)]
Everywhere = Annotated[Call, Allowed(Role.REGIONAL_OPERATIONS, everywhere=True)]


@sites.create("/regions", summary="Open a region")
async def open_region(body: schemas.NewRegion, call: Everywhere) -> schemas.Region:
    """Enter a region, to which sites can belong. The caller's token must cover all sites."""
    return await call.create(commands.open_region, body, location="/regions/{id}")


@sites.get("/regions", summary="List regions")
async def list_regions(call: Reader, paging: Paged) -> Page[schemas.Region]:
    """The regions, oldest first; which sites belong to one, `GET /sites?region_id=` says."""
    return await call.show(lambda tx: queries.list_regions(tx, paging))


@sites.get("/regions/{region_id}", summary="Show a region")
async def show_region(region_id: UUID, call: Reader) -> schemas.Region:
    """One region and its name."""
    return await call.show(lambda tx: queries.show_region(tx, region_id))


@sites.put("/regions/{region_id}", summary="Change a region")
async def change_region(
    region_id: UUID, body: schemas.NewRegion, call: Everywhere
) -> schemas.Region:
    """Give a region another name. The caller's token must cover all sites."""
    return await call.update(commands.change_region, region_id, body)


@sites.create("/sites", summary="Open a site")
async def open_site(
    body: schemas.NewSite, call: Annotated[Call, Allowed(Role.REGIONAL_OPERATIONS)]
) -> schemas.Site:
    """Enter a site with its time zone. The caller's token must cover all sites."""
    return await call.create(commands.open_site, body, location="/sites/{id}")


@sites.get("/sites", summary="List sites")
async def list_sites(call: Reader, paging: Paged, region_id: OfRegion = None) -> Page[schemas.Site]:
    """The sites that the caller may see."""
    return await call.show(lambda tx: queries.list_sites(tx, paging, region_id))


@sites.get("/sites/{site_id}", summary="Show a site")
async def show_site(site_id: UUID, call: Reader) -> schemas.Site:
    """One site, its time zone and its place."""
    return await call.show(lambda tx: queries.show_site(tx, site_id))


@sites.put("/sites/{site_id}", summary="Change a site")
async def change_site(site_id: UUID, body: schemas.NewSite, call: Manager) -> schemas.Site:
    """Replace what the directory says of a site; what is left out is empty afterwards.

    The zone can be changed only while no sessions are to come, as they are planned by its clock.
    """
    return await call.update(commands.change_site, site_id, body)


@sites.get("/sites/{site_id}/opening-hours", summary="Show opening hours")
async def show_opening_hours(site_id: UUID, call: Reader) -> schemas.OpeningHours:
    """When a site is open each week, by its wall clock."""
    return await call.show(lambda tx: queries.show_opening_hours(tx, site_id))


@sites.put("/sites/{site_id}/opening-hours", summary="Change opening hours")
async def change_opening_hours(
    site_id: UUID, body: schemas.NewOpeningHours, call: Manager
) -> schemas.OpeningHours:
    """Replace the opening hours of a site. A time over midnight is written on both days."""
    return await call.update(commands.change_opening_hours, site_id, body)


@closed_days.get("/closed-days", summary="List closed days")
async def list_closed_days(site_id: UUID, year: Year, call: Reader) -> schemas.ClosedDays:
    """The days of a year on which the site is closed."""
    return await call.show(lambda tx: queries.list_closed_days(tx, site_id, year))


@closed_days.get("/proposed-closed-days", summary="List holidays to confirm", responses=NOT_KNOWN)
async def list_proposed_days(site_id: UUID, year: Year, call: Reader) -> schemas.ProposedDays:
    """The public holidays of a year where the site is. None closes the site until it is confirmed,
    with another name or kind where that is better: send those that are taken to
    `POST /sites/{site_id}/closed-days`."""
    return await call.show(lambda tx: queries.list_proposed_days(tx, site_id, year))


@closed_days.create("/closed-days", summary="Close a site on days")
async def add_closed_days(
    site_id: UUID, body: schemas.NewClosedDays, call: Manager
) -> schemas.ClosedDays:
    """Enter days on which the site is closed, all or none. What was said of one is replaced."""

    def address(made: schemas.ClosedDays) -> str:
        return f"/sites/{site_id}/closed-days?year={min(one.day for one in made.days).year}"

    return await call.create(commands.close_days, site_id, body, location=address)


@closed_days.delete("/closed-days/{day}", status_code=204, summary="Open a site on a closed day")
async def remove_closed_day(site_id: UUID, day: schemas.Day, call: Manager) -> None:
    """The site opens on that day after all."""
    return await call.remove(lambda tx: commands.reopen_day(tx, site_id, day))


@rooms.create("", summary="Open a room")
async def open_room(body: schemas.NewRoom, call: Manager) -> schemas.RoomEntry:
    """Open a room at a site, or a telehealth room with the link by which it is joined."""
    return await call.create(commands.open_room, body, location="/rooms/{id}")


@rooms.get("", summary="List rooms")
async def list_rooms(
    call: Reader, paging: Paged, site_id: AtSite = None, closed: Closed = False
) -> Page[schemas.RoomEntry]:
    """The rooms of the sites that the caller may see."""
    return await call.show(lambda tx: queries.list_rooms(tx, paging, site_id, closed))


@rooms.get("/{room_id}", summary="Show a room")
async def show_room(room_id: UUID, call: Reader) -> schemas.RoomEntry:
    """One room, and for how many sessions to come it is taken."""
    return await call.show(lambda tx: queries.show_room(tx, room_id))


@rooms.put("/{room_id}", summary="Change a room")
async def change_room(room_id: UUID, body: schemas.RoomDetails, call: Manager) -> schemas.RoomEntry:
    """Replace name, capacity and link. Sessions that it is taken for are kept."""
    return await call.update(commands.change_room, room_id, body)


@rooms.post("/{room_id}/close", summary="Close a room")
@needs_if_match
async def close_room(room_id: UUID, call: Manager) -> schemas.RoomEntry:
    """The room takes no new session; those that it is taken for stay, and are to be moved."""
    return await call.update(commands.close_room, room_id)


@people.create("", summary="Enter a person of the staff")
async def add_staff_member(body: schemas.NewStaffMember, call: Manager) -> schemas.StaffMember:
    """Enter who treats clients: what they may do, where and when they work."""
    return await call.create(staff.add_staff_member, body, location="/staff/{id}")


@people.get("", summary="List the staff")
async def list_staff(
    call: Reader, asked: Annotated[schemas.AskedStaff, Query()], paging: Paged
) -> Page[schemas.StaffMember]:
    """People who work at the sites that the caller may see."""
    return await call.show(lambda tx: queries.list_staff(tx, paging, asked))


@people.get("/{staff_id}", summary="Show a person of the staff")
async def show_staff_member(staff_id: UUID, call: Reader) -> schemas.StaffMember:
    """One person, with leave that has not ended. Other sites than the caller's are left out."""
    return await call.show(lambda tx: queries.show_staff_member(tx, staff_id))


@people.put("/{staff_id}", summary="Change a person of the staff")
async def change_staff_member(
    staff_id: UUID, body: schemas.NewStaffMember, call: Manager
) -> schemas.StaffMember:
    """Replace what is said of a person. The caller's token must cover all of the person's sites."""
    return await call.update(staff.change_staff_member, staff_id, body)


@people.post("/{staff_id}/left", summary="Say that a person has left")
@needs_if_match
async def mark_staff_member_left(staff_id: UUID, call: Manager) -> schemas.StaffMember:
    """The person is planned no more. Sessions to come for which they are taken need others."""
    return await call.update(staff.mark_left, staff_id)


@people.create("/{staff_id}/leave", summary="Enter leave")
async def add_staff_leave(
    staff_id: UUID, body: schemas.NewLeave, call: Manager
) -> schemas.EnteredLeave:
    """Say that a person does not work, for whole days of the home site or from one instant to
    another. The answer names the sessions that need somebody else."""
    return await call.create(staff.enter_leave, staff_id, body, location="/staff/{staff_id}")


@people.delete("/{staff_id}/leave/{leave_id}", status_code=204, summary="Call leave off")
async def remove_staff_leave(staff_id: UUID, leave_id: UUID, call: Manager) -> None:
    """The person works in that time after all."""
    return await call.remove(lambda tx: staff.call_leave_off(tx, staff_id, leave_id))
