"""Screenings over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.intake.screening import commands, queries
from services.intake.screening.policy import Instrument, instruments
from services.intake.screening.schemas import NewScreening, Screening, ScreeningInFull
from shared.access import Allowed, Caller, Role
from shared.access.roles import EVERY_STAFF_ROLE
from shared.web import Page, Paging, create, show

router = APIRouter(tags=["Screening"])

Clinician = Annotated[Caller, Allowed(Role.COUNSELOR, Role.CLINICAL_LEAD)]
PATH = "/clients/{client_id}/screenings"


@router.post(
    PATH,
    status_code=201,
    response_model=Screening,
    operation_id="complete_screening",
    summary="Complete a screening",
)
async def complete_screening(
    client_id: UUID, body: NewScreening, request: Request, caller: Clinician
) -> Response:
    """Score a client's answers. A positive safety item is told whatever the total."""
    return await create(
        request,
        caller,
        lambda tx: commands.complete_screening(tx, client_id, body, entered_by=caller.subject),
        location=lambda made: f"/clients/{client_id}/screenings/{made.id}",
    )


@router.get(
    PATH,
    response_model=Page[Screening],
    operation_id="list_screenings",
    summary="List screenings",
)
async def list_screenings(
    client_id: UUID,
    request: Request,
    caller: Clinician,
    paging: Annotated[Paging, Depends()],
) -> Response:
    """Results of a client's screenings, oldest first, without the answers."""
    return await show(request, caller, lambda tx: queries.list_screenings(tx, client_id, paging))


@router.get(
    f"{PATH}/{{screening_id}}",
    response_model=ScreeningInFull,
    operation_id="show_screening",
    summary="Show a screening in full",
)
async def show_screening(
    client_id: UUID, screening_id: UUID, request: Request, caller: Clinician
) -> Response:
    """One screening with its results and every answer as it was given."""
    return await show(
        request, caller, lambda tx: queries.show_screening(tx, client_id, screening_id)
    )


@router.get(
    "/instruments",
    response_model=list[Instrument],
    operation_id="list_instruments",
    summary="List instruments",
)
async def list_instruments(
    caller: Annotated[Caller, Allowed(*EVERY_STAFF_ROLE)],
) -> list[Instrument]:
    """The instruments that can be scored: items with their possible answers, bands and source."""
    return list(instruments().values())
