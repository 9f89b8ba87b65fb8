"""Diagnoses and dual diagnoses over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.intake.dual_diagnosis import commands, queries
from services.intake.dual_diagnosis.policy import DualDiagnosisPolicy, policy
from services.intake.dual_diagnosis.schemas import (
    Change,
    Diagnosis,
    NewDecision,
    NewDiagnosis,
    ShownDualDiagnosis,
)
from shared.access import Allowed, Caller, Role
from shared.access.roles import EVERY_STAFF_ROLE
from shared.database import Transaction
from shared.web import Page, Paging, create, needs_if_match, show, update

router = APIRouter(tags=["Dual diagnosis"])

Clinician = Annotated[Caller, Allowed(Role.COUNSELOR, Role.CLINICAL_LEAD)]
DIAGNOSES = "/clients/{client_id}/diagnoses"
DUAL = "/clients/{client_id}/dual-diagnosis"


@router.post(
    DIAGNOSES,
    status_code=201,
    response_model=Diagnosis,
    operation_id="record_diagnosis",
    summary="Record a diagnosis",
)
async def record_diagnosis(
    client_id: UUID, body: NewDiagnosis, request: Request, caller: Clinician
) -> Response:
    """Record how an ICD-10-CM diagnosis stands; a dual diagnosis may be suspected by it."""
    return await create(
        request,
        caller,
        lambda tx: commands.record_diagnosis(tx, client_id, body, recorded_by=caller.subject),
        location=lambda made: f"/clients/{client_id}/diagnoses/{made.id}",
    )


@router.get(
    DIAGNOSES,
    response_model=Page[Diagnosis],
    operation_id="list_diagnoses",
    summary="List diagnoses",
)
async def list_diagnoses(
    client_id: UUID, request: Request, caller: Clinician, paging: Annotated[Paging, Depends()]
) -> Response:
    """A client's diagnoses as recorded, oldest first; of each code the last one counts."""
    return await show(request, caller, lambda tx: queries.list_diagnoses(tx, client_id, paging))


@router.get(
    f"{DIAGNOSES}/{{diagnosis_id}}",
    response_model=Diagnosis,
    operation_id="show_diagnosis",
    summary="Show a diagnosis",
)
async def show_diagnosis(
    client_id: UUID, diagnosis_id: UUID, request: Request, caller: Clinician
) -> Response:
    """One diagnosis as it was recorded."""
    return await show(
        request, caller, lambda tx: queries.show_diagnosis(tx, client_id, diagnosis_id)
    )


@router.get(
    DUAL,
    response_model=ShownDualDiagnosis,
    operation_id="show_dual_diagnosis",
    summary="Show a dual diagnosis",
)
async def show_dual_diagnosis(client_id: UUID, request: Request, caller: Clinician) -> Response:
    """Whether one is suspected, confirmed or ruled out, by what, and what the track must offer."""

    async def shown(tx: Transaction) -> ShownDualDiagnosis:
        return await queries.show_dual_diagnosis(tx, client_id)

    return await show(request, caller, shown)


@router.get(
    f"{DUAL}/changes",
    response_model=Page[Change],
    operation_id="list_dual_diagnosis_changes",
    summary="List changes of a dual diagnosis",
)
async def list_changes(
    client_id: UUID, request: Request, caller: Clinician, paging: Annotated[Paging, Depends()]
) -> Response:
    """What became of it, oldest first, with the evidence or the clinician behind each change."""
    return await show(request, caller, lambda tx: queries.list_changes(tx, client_id, paging))


@router.post(
    f"{DUAL}/decision",
    response_model=ShownDualDiagnosis,
    operation_id="decide_dual_diagnosis",
    summary="Decide on a dual diagnosis",
)
@needs_if_match
async def decide_dual_diagnosis(
    client_id: UUID, body: NewDecision, request: Request, caller: Clinician
) -> Response:
    """Confirm a suspected one, or rule out a suspected or confirmed one, with a reason."""
    return await update(
        request,
        caller,
        lambda tx, expected: commands.decide(
            tx, client_id, expected, body, decided_by=caller.subject
        ),
    )


@router.get(
    "/dual-diagnosis-policy",
    response_model=DualDiagnosisPolicy,
    operation_id="show_dual_diagnosis_policy",
    summary="Show the dual-diagnosis policy",
)
async def show_policy(
    caller: Annotated[Caller, Allowed(*EVERY_STAFF_ROLE)],
) -> DualDiagnosisPolicy:
    """What counts as a finding and which findings ask for what, with version and source."""
    return policy()
