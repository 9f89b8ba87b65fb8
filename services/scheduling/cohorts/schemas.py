"""What requests and answers about cohorts look like."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.scheduling.placement.rules.values import Eligibility
from shared.contracts.intake import GenderGroup, Token
from shared.contracts.scheduling import Track
from shared.web import FromJson, Instant, Shown, Strict
from shared.web.texts import Legible

Enrolment = Literal["open", "closed"]
TRACK = Field(description="Whom the cohort is for.", examples=["general"])
GENDER = Field(description="Null for a mixed cohort.", examples=[None])
TRAINED = Field(description="Staff is trained for co-occurring disorders.", examples=[False])


MinutesAWeek = Annotated[int, Field(ge=1, le=7 * 24 * 60, strict=True, description="A week.")]


class Phase(Strict):
    """A part of the way through a cohort; the next one has lower hours as a rule."""

    name: Legible = Field(max_length=60, examples=["Phase 1"])
    weeks: int = Field(ge=1, le=104, strict=True, examples=[4])
    minimum_minutes: MinutesAWeek = Field(examples=[540])
    maximum_minutes: MinutesAWeek = Field(examples=[720])
    minimum_days: int = Field(
        ge=1, le=7, strict=True, description="Days with treatment a week.", examples=[3]
    )


class ChangedCohort(Strict):
    """A cohort as it is to be from now on; who has a seat keeps it."""

    name: Legible = Field(max_length=120, description="Unique at the site.", examples=["Evening"])
    track: Track = TRACK
    gender_group: GenderGroup | None = GENDER
    capacity: int = Field(ge=1, le=1_000, strict=True, description="Seats.", examples=[10])
    dual_diagnosis_trained: bool = TRAINED
    eligibility: Eligibility = Eligibility()
    phases: list[Phase] = Field(
        default=[], max_length=12, description="In their order; empty: it has none."
    )
    enrolment: Enrolment = Field(
        default="open", description="A closed one takes nobody after its first session."
    )
    minimum_size: int = Field(
        default=1, ge=1, le=1_000, strict=True, description="Clients it needs to run."
    )
    credentials: list[Token] = Field(
        default=[],
        max_length=20,
        description="What its staff must have.",
        examples=[["licensed_counselor"]],
    )
    cofacilitated: bool = Field(default=False, description="Two people lead it together.")


class NewCohort(ChangedCohort):
    """A cohort to open at a site."""

    site_id: UUID = Field(description="Where the cohort meets.")


class Cohort(Shown):
    """A cohort and its seats."""

    id: UUID
    site_id: UUID
    name: str = Field(examples=["Evening"])
    track: Track = TRACK
    gender_group: GenderGroup | None = GENDER
    capacity: int = Field(description="Seats.", examples=[10])
    dual_diagnosis_trained: bool = TRAINED
    eligibility: Annotated[Eligibility, FromJson]
    phases: Annotated[list[Phase], FromJson]
    enrolment: Enrolment
    minimum_size: int = Field(description="Clients it needs to run.", examples=[1])
    credentials: list[str]
    cofacilitated: bool
    warnings: list[str] = Field(
        description="What is possible and questionable, for people.",
        examples=[["Phase 3 plans 6 h a week: level 2.1 asks for 9 h."]],
    )
    seats_taken: int = Field(description="Taken, or kept for a proposal.", examples=[4])
    seats_free: int = Field(examples=[6])
    created_at: Instant
    version: int = Field(description="The ETag.", examples=[1])
