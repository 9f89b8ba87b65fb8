"""Level-of-care decisions over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.intake.level_of_care import commands, queries, replays, signing
from services.intake.level_of_care.policy import policies
from services.intake.level_of_care.rules.policy import LevelOfCarePolicy
from services.intake.level_of_care.schemas import (
    Determination,
    NewDetermination,
    NewSecondSignature,
    NewSignature,
    ReplayPage,
)
from shared.access import Allowed, Caller, Role
from shared.access.roles import EVERY_STAFF_ROLE
from shared.web import Page, Paging, create, needs_if_match, show, update

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
    """Hold ratings with their evidence against the policy.

    The answer names every rule that fired with its inputs, and what would change the level. It
    supersedes the client's earlier decisions. A clinician signs it afterwards.
    """
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


@router.post(
    "/level-of-care-determinations/{determination_id}/signature",
    response_model=Determination,
    operation_id="sign_level_of_care",
    summary="Sign a level-of-care decision",
)
@needs_if_match
async def sign(
    determination_id: UUID, body: NewSignature, request: Request, caller: Clinician
) -> Response:
    """Accept the recommended level, or take another one and say why.

    A level below the recommended one, and any level while an evaluation is open, is final only when
    another clinician signs too.
    """
    return await update(
        request,
        caller,
        lambda tx, expected: signing.sign(
            tx, determination_id, expected, body, signed_by=caller.subject
        ),
    )


@router.post(
    "/level-of-care-determinations/{determination_id}/second-signature",
    response_model=Determination,
    operation_id="sign_lower_level_of_care",
    summary="Sign a lower level as second clinician",
)
@needs_if_match
async def sign_second(
    determination_id: UUID,
    body: NewSecondSignature,
    request: Request,
    caller: Annotated[Caller, Allowed(Role.CLINICAL_LEAD)],
) -> Response:
    """Agree to a level below the recommended one. Who signed first cannot."""
    return await update(
        request,
        caller,
        lambda tx, expected: signing.sign_second(
            tx, determination_id, expected, body, signed_by=caller.subject
        ),
    )


class Part(Paging):
    """A part of the past cases."""

    def __init__(
        self,
        cursor: Annotated[
            str | None, Query(max_length=200, description="`next` of the part before.")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=1000, description="Cases a part.")] = 500,
    ) -> None:
        super().__init__(cursor, limit)


@router.post(
    "/level-of-care-policies/replay",
    response_model=ReplayPage,
    operation_id="replay_level_of_care_policy",
    summary="Replay a policy over past cases",
)
async def replay_policy(
    body: LevelOfCarePolicy,
    request: Request,
    caller: Annotated[
        Caller, Allowed(Role.CLINICAL_LEAD, Role.REGIONAL_OPERATIONS, everywhere=True)
    ],
    part: Annotated[Part, Depends()],
    site_id: Annotated[UUID | None, Query(description="Of one site only.")] = None,
) -> Response:
    """Show who would come to another level by a changed policy. Nothing is written."""
    return await show(request, caller, lambda tx: replays.replay_policy(tx, body, part, site_id))
