"""What a referrer tells beside the person; stays in this service."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.intake.referrals.policy import LegalStatus
from services.intake.referrals.values import Name
from shared.web import Strict

Level = Annotated[str, StringConstraints(pattern=r"^[1-4](\.[0-9]{1,2})?(-WM)?$")]
"""A level as its edition numbers it: `3.5`, `3.7-WM`, `4`."""


class MedicationTreatment(Strict):
    """Medication for a substance use disorder that goes on after the stay."""

    medication: Literal["buprenorphine", "methadone", "naltrexone", "acamprosate", "other"] = Field(
        description="Which.", examples=["buprenorphine"]
    )
    prescriber_known: bool = Field(description="Somebody goes on prescribing it.", examples=[False])


class FacilityStay(Strict):
    """A stay in a residential or inpatient facility, or for withdrawal management."""

    kind: Literal["facility"]
    facility: Name = Field(description="Name of the facility.", examples=["Facility 01"])
    planned_discharge_on: date | None = Field(
        None, description="Date at the site; the clock starts then.", examples=["2026-03-09"]
    )
    level_of_care: Level | None = Field(None, description="Level there.", examples=["3.5"])
    medication_treatment: MedicationTreatment | None = Field(
        None, description="Null when there is none."
    )


class CourtOrder(Strict):
    """A court, probation, or another legal body."""

    kind: Literal["court"]
    legal_status: LegalStatus = Field(
        description="As DETCRIM of TEDS.", examples=["probation_or_parole"]
    )


class Employer(Strict):
    """An employer."""

    kind: Literal["employer"]
    employee_assistance: bool = Field(
        description="It came through an employee assistance program.", examples=[True]
    )


class Physician(Strict):
    """A physician or another health care provider."""

    kind: Literal["physician"]
    practice: Name = Field(description="Name of the practice.", examples=["Practice 01"])
    primary_care: bool = Field(description="The client's primary care.", examples=[True])


class Family(Strict):
    """Somebody close."""

    kind: Literal["family"]
    relationship: Literal["partner", "parent", "child", "sibling", "other"] = Field(
        description="To the client.", examples=["sibling"]
    )


Details = Annotated[
    FacilityStay | CourtOrder | Employer | Physician | Family, Field(discriminator="kind")
]


def planned_discharge(details: Details | None) -> date | None:
    """The day on which the person leaves a facility, where one is told."""
    return details.planned_discharge_on if isinstance(details, FacilityStay) else None
