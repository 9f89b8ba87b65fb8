"""The staff over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.scheduling.directory.routes import Manager
from services.scheduling.staff import commands, queries, schemas
from shared.web import Page, Paged, Reader, Router, needs_if_match

router = Router(prefix="/staff", tags=["Staff"])


@router.create("", summary="Enter a person of the staff")
async def add_staff_member(body: schemas.NewStaffMember, call: Manager) -> schemas.StaffMember:
    """Enter who treats clients: what they may do, where and when they work."""
    return await call.create(commands.add_staff_member, body, location="/staff/{id}")


@router.get("", summary="List the staff")
async def list_staff(
    call: Reader, asked: Annotated[schemas.AskedStaff, Query()], paging: Paged
) -> Page[schemas.StaffMember]:
    """People who work at the sites that the caller may see."""
    return await call.show(lambda tx: queries.list_staff(tx, paging, asked))


@router.get("/{staff_id}", summary="Show a person of the staff")
async def show_staff_member(staff_id: UUID, call: Reader) -> schemas.StaffMember:
    """One person, with leave that has not ended. Other sites than the caller's are left out."""
    return await call.show(lambda tx: queries.show_staff_member(tx, staff_id))


@router.put("/{staff_id}", summary="Change a person of the staff")
async def change_staff_member(
    staff_id: UUID, body: schemas.NewStaffMember, call: Manager
) -> schemas.StaffMember:
    """Replace what is said of a person. The caller's token must cover all of the person's sites."""
    return await call.update(commands.change_staff_member, staff_id, body)


@router.post("/{staff_id}/left", summary="Say that a person has left")
@needs_if_match
async def mark_staff_member_left(staff_id: UUID, call: Manager) -> schemas.StaffMember:
    """The person is planned no more. Sessions to come for which they are taken need others."""
    return await call.update(commands.mark_left, staff_id)


@router.create("/{staff_id}/leave", summary="Enter leave")
async def add_staff_leave(
    staff_id: UUID, body: schemas.NewLeave, call: Manager
) -> schemas.EnteredLeave:
    """Say that a person does not work, for whole days of the home site or from one instant to
    another. The answer names the sessions that need somebody else."""
    return await call.create(commands.enter_leave, staff_id, body, location="/staff/{staff_id}")


@router.delete("/{staff_id}/leave/{leave_id}", status_code=204, summary="Call leave off")
async def remove_staff_leave(staff_id: UUID, leave_id: UUID, call: Manager) -> None:
    """The person works in that time after all."""
    return await call.remove(lambda tx: commands.call_leave_off(tx, staff_id, leave_id))
