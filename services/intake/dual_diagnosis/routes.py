"""Diagnoses and dual diagnoses over HTTP."""

from typing import Annotated
from uuid import UUID

from services.intake.dual_diagnosis import commands, queries
from services.intake.dual_diagnosis.policy import DualDiagnosisPolicy, policy
from services.intake.dual_diagnosis.schemas import (
    Change,
    Diagnosis,
    NewDecision,
    NewDiagnosis,
    ShownDualDiagnosis,
)
from shared.access.roles import CLINICIANS, EVERY_STAFF_ROLE
from shared.web import Allowed, Call, Page, Paged, Router, needs_if_match, of_one_client

router = Router(tags=["Dual diagnosis"])

Clinician = Annotated[Call, Allowed(*CLINICIANS)]
DIAGNOSES = "/clients/{client_id}/diagnoses"
DUAL = "/clients/{client_id}/dual-diagnosis"


@router.post(DIAGNOSES, status_code=201, summary="Record a diagnosis")
async def record_diagnosis(client_id: UUID, body: NewDiagnosis, call: Clinician) -> Diagnosis:
    """Record how an ICD-10-CM diagnosis stands; a dual diagnosis may be suspected by it."""
    return await call.create(
        lambda tx: commands.record_diagnosis(tx, client_id, body, recorded_by=call.subject),
        location=lambda made: f"/clients/{client_id}/diagnoses/{made.id}",
    )


@router.get(DIAGNOSES, summary="List diagnoses")
@of_one_client
async def list_diagnoses(client_id: UUID, call: Clinician, paging: Paged) -> Page[Diagnosis]:
    """A client's diagnoses as recorded, oldest first; of each code the last one counts."""
    return await call.show(lambda tx: queries.list_diagnoses(tx, client_id, paging))


@router.get(f"{DIAGNOSES}/{{diagnosis_id}}", summary="Show a diagnosis")
@of_one_client
async def show_diagnosis(client_id: UUID, diagnosis_id: UUID, call: Clinician) -> Diagnosis:
    """One diagnosis as it was recorded."""
    return await call.show(lambda tx: queries.show_diagnosis(tx, client_id, diagnosis_id))


@router.get(DUAL, summary="Show a dual diagnosis")
@of_one_client
async def show_dual_diagnosis(client_id: UUID, call: Clinician) -> ShownDualDiagnosis:
    """Whether one is suspected, confirmed or ruled out, by what, and what the track must offer."""
    return await call.show(lambda tx: queries.show_dual_diagnosis(tx, client_id))


@router.get(f"{DUAL}/changes", summary="List changes of a dual diagnosis")
@of_one_client
async def list_dual_diagnosis_changes(
    client_id: UUID, call: Clinician, paging: Paged
) -> Page[Change]:
    """What became of it, oldest first, with the evidence or the clinician behind each change."""
    return await call.show(lambda tx: queries.list_changes(tx, client_id, paging))


@router.post(f"{DUAL}/decision", summary="Decide on a dual diagnosis")
@needs_if_match
async def decide_dual_diagnosis(
    client_id: UUID, body: NewDecision, call: Clinician
) -> ShownDualDiagnosis:
    """Confirm a suspected one, or rule out a suspected or confirmed one, with a reason."""
    return await call.update(
        lambda tx, expected: commands.decide(tx, client_id, expected, body, decided_by=call.subject)
    )


@router.get("/dual-diagnosis-policy", summary="Show the dual-diagnosis policy")
async def show_dual_diagnosis_policy(
    call: Annotated[Call, Allowed(*EVERY_STAFF_ROLE)],
) -> DualDiagnosisPolicy:
    """What counts as a finding and which findings ask for what, with version and source."""
    return policy()
