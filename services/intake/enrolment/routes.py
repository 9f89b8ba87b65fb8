"""Enrolments over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.intake.enrolment import commands, queries
from services.intake.enrolment.schemas import Enrolment, NewEnrolment
from shared.access import Allowed, Caller, Role
from shared.access.roles import EVERY_STAFF_ROLE
from shared.web import Page, Paging, create, show

router = APIRouter(tags=["Enrolment"])

Admitting = Annotated[
    Caller,
    Allowed(Role.FRONT_DESK, Role.COUNSELOR, Role.CLINICAL_LEAD, Role.SITE_MANAGER),
]
Reader = Annotated[Caller, Allowed(*EVERY_STAFF_ROLE)]


@router.post(
    "/clients/{client_id}/enrolments",
    status_code=201,
    response_model=Enrolment,
    operation_id="enrol_client",
    summary="Enrol a client",
)
async def enrol_client(
    client_id: UUID, body: NewEnrolment, request: Request, caller: Admitting
) -> Response:
    """Admit a client whose level-of-care decision is intensive outpatient."""
    return await create(
        request,
        caller,
        lambda tx: commands.enrol(tx, client_id, body),
        location=lambda made: f"/enrolments/{made.id}",
    )


@router.get(
    "/clients/{client_id}/enrolments",
    response_model=Page[Enrolment],
    operation_id="list_enrolments",
    summary="List enrolments",
)
async def list_enrolments(
    client_id: UUID, request: Request, caller: Reader, paging: Annotated[Paging, Depends()]
) -> Response:
    """A client's stays in the program, oldest first."""
    return await show(request, caller, lambda tx: queries.list_enrolments(tx, client_id, paging))


@router.get(
    "/enrolments/{enrolment_id}",
    response_model=Enrolment,
    operation_id="show_enrolment",
    summary="Show an enrolment",
)
async def show_enrolment(enrolment_id: UUID, request: Request, caller: Reader) -> Response:
    """One stay in the program."""
    return await show(request, caller, lambda tx: queries.show_enrolment(tx, enrolment_id))
