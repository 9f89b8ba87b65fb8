"""Screenings over HTTP."""

from typing import Annotated
from uuid import UUID

from services.intake.screening import commands, queries
from services.intake.screening.policy import Instrument, instruments
from services.intake.screening.schemas import NewScreening, Screening, ScreeningInFull
from shared.access.roles import CLINICIANS, EVERY_STAFF_ROLE
from shared.web import Allowed, Call, Page, Paged, Router, of_one_client

router = Router(tags=["Screening"])

Clinician = Annotated[Call, Allowed(*CLINICIANS)]
PATH = "/clients/{client_id}/screenings"


@router.post(PATH, status_code=201, summary="Complete a screening")
async def complete_screening(client_id: UUID, body: NewScreening, call: Clinician) -> Screening:
    """Score a client's answers. A positive safety item is told whatever the total."""
    return await call.create(
        lambda tx: commands.complete_screening(tx, client_id, body, entered_by=call.subject),
        location=lambda made: f"/clients/{client_id}/screenings/{made.id}",
    )


@router.get(PATH, summary="List screenings")
@of_one_client
async def list_screenings(client_id: UUID, call: Clinician, paging: Paged) -> Page[Screening]:
    """Results of a client's screenings, oldest first, without the answers."""
    return await call.show(lambda tx: queries.list_screenings(tx, client_id, paging))


@router.get(f"{PATH}/{{screening_id}}", summary="Show a screening in full")
@of_one_client
async def show_screening(client_id: UUID, screening_id: UUID, call: Clinician) -> ScreeningInFull:
    """One screening with its results and every answer as it was given."""
    return await call.show(lambda tx: queries.show_screening(tx, client_id, screening_id))


@router.get("/instruments", summary="List instruments")
async def list_instruments(call: Annotated[Call, Allowed(*EVERY_STAFF_ROLE)]) -> list[Instrument]:
    """The instruments that can be scored: items with their possible answers, bands and source."""
    return list(instruments().values())
