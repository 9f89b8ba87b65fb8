"""Level-of-care decisions over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.intake.level_of_care import commands, queries
from services.intake.level_of_care.policies import LevelOfCarePolicy, policies
from services.intake.level_of_care.schemas import Determination, NewDetermination
from shared.access import Allowed, Caller, Role
from shared.access.roles import EVERY_STAFF_ROLE
from shared.web import Page, Paging, create, show

router = APIRouter(tags=["Level of care"])

Clinician = Annotated[Caller, Allowed(Role.COUNSELOR, Role.CLINICAL_LEAD)]
PATH = "/clients/{client_id}/level-of-care-determinations"


@router.post(
    PATH,
    status_code=201,
    response_model=Determination,
    operation_id="determine_level_of_care",
    summary="Determine the level of care",
)
async def determine_level_of_care(
    client_id: UUID, body: NewDetermination, request: Request, caller: Clinician
) -> Response:
    """Hold ratings against the policy. The answer explains each dimension."""
    return await create(
        request,
        caller,
        lambda tx: commands.determine_level_of_care(
            tx, client_id, body, determined_by=caller.subject
        ),
        location=lambda made: f"/clients/{client_id}/level-of-care-determinations/{made.id}",
    )


@router.get(
    PATH,
    response_model=Page[Determination],
    operation_id="list_level_of_care_determinations",
    summary="List level-of-care decisions",
)
async def list_determinations(
    client_id: UUID, request: Request, caller: Clinician, paging: Annotated[Paging, Depends()]
) -> Response:
    """A client's decisions, oldest first; the last one counts."""
    return await show(
        request, caller, lambda tx: queries.list_determinations(tx, client_id, paging)
    )


@router.get(
    f"{PATH}/{{determination_id}}",
    response_model=Determination,
    operation_id="show_level_of_care_determination",
    summary="Show a level-of-care decision",
)
async def show_determination(
    client_id: UUID, determination_id: UUID, request: Request, caller: Clinician
) -> Response:
    """One decision with its explanation."""
    return await show(
        request, caller, lambda tx: queries.show_determination(tx, client_id, determination_id)
    )


@router.get(
    "/level-of-care-policies",
    response_model=list[LevelOfCarePolicy],
    operation_id="list_level_of_care_policies",
    summary="List level-of-care policies",
)
async def list_policies(
    caller: Annotated[Caller, Allowed(*EVERY_STAFF_ROLE)],
) -> list[LevelOfCarePolicy]:
    """The policies in force, with version and source."""
    return list(policies().values())
