"""Level-of-care decisions over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

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
from shared.access import Role
from shared.access.roles import CLINICIANS, EVERY_STAFF_ROLE
from shared.web import Allowed, Call, Page, Paged, Paging, Router, needs_if_match, of_one_client

router = Router(tags=["Level of care"])

Clinician = Annotated[Call, Allowed(*CLINICIANS)]
PATH = "/clients/{client_id}/level-of-care-determinations"


@router.post(PATH, status_code=201, summary="Determine the level of care")
async def determine_level_of_care(
    client_id: UUID, body: NewDetermination, call: Clinician
) -> Determination:
    """Hold ratings with their evidence against the policy.

    The answer names every rule that fired with its inputs, and what would change the level. It
    supersedes the client's earlier decisions. A clinician signs it afterwards.
    """
    return await call.create(
        lambda tx: commands.determine_level_of_care(
            tx, client_id, body, determined_by=call.subject
        ),
        location=lambda made: f"/clients/{client_id}/level-of-care-determinations/{made.id}",
    )


@router.get(PATH, summary="List level-of-care decisions")
@of_one_client
async def list_level_of_care_determinations(
    client_id: UUID, call: Clinician, paging: Paged
) -> Page[Determination]:
    """A client's decisions, oldest first; the last one counts."""
    return await call.show(lambda tx: queries.list_determinations(tx, client_id, paging))


@router.get(f"{PATH}/{{determination_id}}", summary="Show a level-of-care decision")
@of_one_client
async def show_level_of_care_determination(
    client_id: UUID, determination_id: UUID, call: Clinician
) -> Determination:
    """One decision with its explanation."""
    return await call.show(lambda tx: queries.show_determination(tx, client_id, determination_id))


@router.get("/level-of-care-policies", summary="List level-of-care policies")
async def list_level_of_care_policies(
    call: Annotated[Call, Allowed(*EVERY_STAFF_ROLE)],
) -> list[LevelOfCarePolicy]:
    """The policies in force, with version and source."""
    return list(policies().values())


@router.post(
    "/level-of-care-determinations/{determination_id}/signature",
    summary="Sign a level-of-care decision",
)
@needs_if_match
async def sign_level_of_care(
    determination_id: UUID, body: NewSignature, call: Clinician
) -> Determination:
    """Accept the recommended level, or take another one and say why.

    A level below the recommended one, and any level while an evaluation is open, is final only when
    another clinician signs too.
    """
    return await call.update(
        lambda tx, expected: signing.sign(
            tx, determination_id, expected, body, signed_by=call.subject
        )
    )


@router.post(
    "/level-of-care-determinations/{determination_id}/second-signature",
    summary="Sign a lower level as second clinician",
)
@needs_if_match
async def sign_lower_level_of_care(
    determination_id: UUID,
    body: NewSecondSignature,
    call: Annotated[Call, Allowed(Role.CLINICAL_LEAD)],
) -> Determination:
    """Agree to a level below the recommended one. Who signed first cannot."""
    return await call.update(
        lambda tx, expected: signing.sign_second(
            tx, determination_id, expected, body, signed_by=call.subject
        )
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


@router.post("/level-of-care-policies/replay", summary="Replay a policy over past cases")
async def replay_level_of_care_policy(
    body: LevelOfCarePolicy,
    call: Annotated[Call, Allowed(Role.CLINICAL_LEAD, Role.REGIONAL_OPERATIONS, everywhere=True)],
    part: Annotated[Part, Depends()],
    site_id: Annotated[UUID | None, Query(description="Of one site only.")] = None,
) -> ReplayPage:
    """Show who would come to another level by a changed policy. Nothing is written."""
    return await call.show(lambda tx: replays.replay_policy(tx, body, part, site_id))
