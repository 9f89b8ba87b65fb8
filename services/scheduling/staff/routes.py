"""The staff over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from services.scheduling.closed_days.schemas import Day
from services.scheduling.directory.routes import Manager, Reader
from services.scheduling.staff import commands, leave, queries
from services.scheduling.staff.schemas import (
    EnteredLeave,
    NewLeave,
    NewStaffMember,
    StaffMember,
)
from shared.contracts.intake import Token
from shared.contracts.scheduling import Language, StaffTraining
from shared.web import Page, Paging, Router, needs_if_match

router = Router(prefix="/staff", tags=["Staff"])


@router.post("", status_code=201, summary="Enter a person of the staff")
async def add_staff_member(body: NewStaffMember, call: Manager) -> StaffMember:
    """Enter who treats clients: what they may do, where and when they work."""
    return await call.create(
        lambda tx: commands.add_staff_member(tx, body), location=lambda made: f"/staff/{made.id}"
    )


@router.get("", summary="List the staff")
async def list_staff(
    call: Reader,
    paging: Annotated[Paging, Depends()],
    site_id: Annotated[UUID | None, Query(description="Who works at this site.")] = None,
    credential: Annotated[
        Token | None, Query(description="Who holds it today.", examples=["lac"])
    ] = None,
    training: Annotated[StaffTraining | None, Query(description="Who has it.")] = None,
    language: Annotated[Language | None, Query(description="Who speaks it, as BCP 47.")] = None,
    expires_before: Annotated[
        Day | None,
        Query(description="Whose credential, of those asked for, expires before this day."),
    ] = None,
    left: Annotated[bool, Query(description="Show those who left, too.")] = False,
) -> Page[StaffMember]:
    """People who work at the sites that the caller may see."""
    return await call.show(
        lambda tx: queries.list_staff(
            tx,
            paging,
            left=left,
            site_id=site_id,
            training=training,
            language=language,
            credential=credential,
            expires_before=expires_before,
        )
    )


@router.get("/{staff_id}", summary="Show a person of the staff")
async def show_staff_member(staff_id: UUID, call: Reader) -> StaffMember:
    """One person, with leave that has not ended. Other sites than the caller's are left out."""
    return await call.show(lambda tx: queries.show_staff_member(tx, staff_id))


@router.put("/{staff_id}", summary="Change a person of the staff")
async def change_staff_member(staff_id: UUID, body: NewStaffMember, call: Manager) -> StaffMember:
    """Replace what is said of a person. The caller's token must cover all of the person's sites."""
    return await call.update(
        lambda tx, expected: commands.change_staff_member(tx, staff_id, expected, body)
    )


@router.post("/{staff_id}/left", summary="Say that a person has left")
@needs_if_match
async def mark_staff_member_left(staff_id: UUID, call: Manager) -> StaffMember:
    """The person is planned no more. Sessions to come for which they are taken need others."""
    return await call.update(lambda tx, expected: commands.mark_left(tx, staff_id, expected))


@router.post("/{staff_id}/leave", status_code=201, summary="Enter leave")
async def add_staff_leave(staff_id: UUID, body: NewLeave, call: Manager) -> EnteredLeave:
    """Say that a person does not work, for whole days of the home site or from one instant to
    another. The answer names the sessions that need somebody else."""
    return await call.create(
        lambda tx: leave.enter_leave(tx, staff_id, body), location=lambda _: f"/staff/{staff_id}"
    )


@router.delete("/{staff_id}/leave/{leave_id}", status_code=204, summary="Call leave off")
async def remove_staff_leave(staff_id: UUID, leave_id: UUID, call: Manager) -> None:
    """The person works in that time after all."""
    return await call.remove(lambda tx: leave.call_leave_off(tx, staff_id, leave_id))
