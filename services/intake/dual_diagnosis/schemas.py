"""What requests and answers about diagnoses and dual diagnoses look like."""

from typing import Literal
from uuid import UUID

from pydantic import Field, ValidationInfo, field_validator

from services.intake.dual_diagnosis.rules import DiagnosisStatus, Status
from services.intake.referrals.values import ClinicalNote as Note
from shared.contracts.base import PolicyReference
from shared.contracts.intake import TrackNeed
from shared.web import Instant, Shown, Strict

Reason = Literal[
    "clinical_interview",
    "records_of_another_provider",
    "symptoms_before_use",
    "symptoms_from_use",
    "symptoms_ended",
    "screen_not_confirmed",
]
REASONS: dict[str, frozenset[str]] = {
    "confirm": frozenset(
        ("clinical_interview", "records_of_another_provider", "symptoms_before_use")
    ),
    "rule_out": frozenset(
        (
            "clinical_interview",
            "records_of_another_provider",
            "symptoms_from_use",
            "symptoms_ended",
            "screen_not_confirmed",
        )
    ),
}
"""Which reasons fit which decision."""


class NewDiagnosis(Strict):
    """A diagnosis as a clinician records it. A later record of the code replaces this one."""

    code: str = Field(
        pattern=r"^[A-Z][0-9][0-9AB](\.[0-9A-Z]{1,4})?$",
        description="ICD-10-CM; F10 to F19 are substance-use disorders.",
        examples=["F10.20"],
    )
    status: DiagnosisStatus = Field(
        "active", description="How it stands; `refuted` takes it back.", examples=["active"]
    )
    psychotropic_medication: bool = Field(
        False, description="The client takes psychotropic medication for it.", examples=[False]
    )


class Diagnosis(Shown):
    """A recorded diagnosis."""

    id: UUID
    client_id: UUID
    site_id: UUID
    code: str = Field(examples=["F10.20"])
    status: DiagnosisStatus = Field(examples=["active"])
    psychotropic_medication: bool = Field(examples=[False])
    recorded_by: str = Field(examples=["counselor-3"])
    recorded_at: Instant


class Found(Shown):
    """A finding that counts."""

    found_in: str = Field(description="Instrument or ICD-10-CM code.", examples=["phq-9"])
    at: Instant


class ShownDualDiagnosis(Shown):
    """What is known of a client's co-occurring disorder, and why."""

    client_id: UUID
    site_id: UUID
    status: Status = Field(examples=["suspected"])
    needs: list[TrackNeed] = Field(
        description="What the track has to offer.", examples=[["dual_diagnosis_cohort"]]
    )
    substance_use: list[Found]
    mental_health: list[Found]
    policy: PolicyReference
    changed_at: Instant | None = Field(description="Null while there never was one.")
    version: int = Field(description="The ETag.", examples=[1])


class NewDecision(Strict):
    """What a clinician finds."""

    decision: Literal["confirm", "rule_out"] = Field(
        description="Whether there is a co-occurring disorder.", examples=["confirm"]
    )
    reason: Reason = Field(description="What it rests on.", examples=["clinical_interview"])
    note: Note | None = Field(None, description="Stays in intake.", examples=[None])

    @field_validator("reason")
    @classmethod
    def fits_the_decision(cls, reason: Reason, given: ValidationInfo) -> Reason:
        decision = given.data.get("decision")
        if decision is not None and reason not in REASONS[decision]:
            raise ValueError("This reason belongs to the other decision.")
        return reason


class Change(Shown):
    """One change of a client's dual diagnosis."""

    id: UUID
    client_id: UUID
    site_id: UUID
    status: Status = Field(examples=["suspected"])
    needs: list[TrackNeed] = Field(examples=[["dual_diagnosis_cohort"]])
    found_in: list[str] = Field(description="What it rested on.", examples=[["audit", "phq-9"]])
    policy: PolicyReference
    reason: Reason | None = Field(description="Null for what followed from evidence.")
    note: str | None = Field(examples=[None])
    decided_by: str | None = Field(examples=["counselor-3"])
    changed_at: Instant
