"""Enrolments over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.intake.enrolment import commands, queries
from services.intake.enrolment.policy import DischargeReasons, discharge_reasons
from services.intake.enrolment.rules import State
from services.intake.enrolment.schemas import Census, Discharge, Enrolment, Hold, NewEnrolment
from shared.access import Role
from shared.access.roles import CLINICIANS, EVERY_STAFF_ROLE, SITE_STAFF
from shared.web import Allowed, Call, Page, Paged, Router, needs_if_match, of_one_client

router = Router(tags=["Enrolment"])

Admitting = Annotated[Call, Allowed(*SITE_STAFF)]
Discharging = Annotated[Call, Allowed(*CLINICIANS, Role.SITE_MANAGER)]
Reader = Annotated[Call, Allowed(*EVERY_STAFF_ROLE)]


@router.post("/clients/{client_id}/enrolments", status_code=201, summary="Enrol a client")
async def enrol_client(client_id: UUID, body: NewEnrolment, call: Admitting) -> Enrolment:
    """Admit a client whose signed level of care is intensive outpatient, who consented to
    treatment, and for whom a payer or the client has agreed to pay."""
    return await call.create(
        lambda tx: commands.enrol(tx, client_id, body),
        location=lambda made: f"/enrolments/{made.id}",
    )


@router.get("/clients/{client_id}/enrolments", summary="List enrolments")
@of_one_client
async def list_enrolments(client_id: UUID, call: Reader, paging: Paged) -> Page[Enrolment]:
    """A client's stays in the program, oldest first."""
    return await call.show(lambda tx: queries.list_enrolments(tx, client_id, paging))


@router.get("/enrolments", summary="List stays, by default those that have not ended")
async def list_stays(
    call: Reader,
    paging: Paged,
    site_id: Annotated[UUID | None, Query(description="Stays at one site only.")] = None,
    state: Annotated[
        State | None, Query(description="In this state; absent for all that have not ended.")
    ] = None,
    level_of_care: Annotated[
        str | None, Query(max_length=20, description="At this level only.", examples=["2.1"])
    ] = None,
) -> Page[Enrolment]:
    """Stays at the caller's sites, oldest first. How many there are is told by `/census`."""
    return await call.show(lambda tx: queries.list_stays(tx, paging, site_id, state, level_of_care))


@router.get("/census", summary="Count the stays that have not ended")
async def show_census(
    call: Reader, site_id: Annotated[UUID | None, Query(description="One site only.")] = None
) -> Census:
    """How many clients are in the program now at each site, by state and level of care."""
    return await call.show(lambda tx: queries.show_census(tx, site_id))


@router.get("/enrolments/{enrolment_id}", summary="Show an enrolment")
@of_one_client
async def show_enrolment(enrolment_id: UUID, call: Reader) -> Enrolment:
    """One stay in the program."""
    return await call.show(lambda tx: queries.show_enrolment(tx, enrolment_id))


@router.post("/enrolments/{enrolment_id}/hold", summary="Let a stay pause")
@needs_if_match
async def hold_enrolment(enrolment_id: UUID, body: Hold, call: Discharging) -> Enrolment:
    """Put a stay on hold; the seat is kept, and the next session attended lets it go on."""
    return await call.update(lambda tx, expected: commands.hold(tx, enrolment_id, expected, body))


@router.post("/enrolments/{enrolment_id}/resumption", summary="Let a stay go on")
@needs_if_match
async def resume_enrolment(enrolment_id: UUID, call: Discharging) -> Enrolment:
    """End a hold: the stay is active again, or enrolled while it had no first service."""
    return await call.update(lambda tx, expected: commands.resume(tx, enrolment_id, expected))


@router.post("/enrolments/{enrolment_id}/discharge", summary="End a stay")
@needs_if_match
async def discharge_client(enrolment_id: UUID, body: Discharge, call: Discharging) -> Enrolment:
    """End a stay for one of the discharge reasons, which says as what it ends.

    A step-down ends a stay too, by a clinician's decision on the recommendation of outcomes.
    """
    return await call.update(
        lambda tx, expected: commands.discharge(tx, enrolment_id, expected, body)
    )


@router.get("/discharge-reasons", summary="List reasons for discharges and holds")
async def list_discharge_reasons(call: Reader) -> DischargeReasons:
    """The reasons in force, each with the state it ends a stay in and its TEDS code."""
    return discharge_reasons()
