"""What requests and answers about cohorts look like."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.scheduling.placement.rules.values import Eligibility
from shared.contracts.intake import GenderGroup, Token
from shared.contracts.scheduling import Track
from shared.web import FromJson, Instant, Shown, Strict, described
from shared.web.texts import Legible

Enrolment = Literal["open", "closed"]
TRACK = described("Whom the cohort is for.", "general")
GENDER = described("Null for a mixed cohort.", None)
TRAINED = described("Staff is trained for co-occurring disorders.", False)


MinutesAWeek = Annotated[int, described("A week.", ge=1, le=7 * 24 * 60, strict=True)]


class Phase(Strict):
    """A part of the way through a cohort; the next one has lower hours as a rule."""

    name: Legible = Field(max_length=60, examples=["Phase 1"])
    weeks: int = Field(ge=1, le=104, strict=True, examples=[4])
    minimum_minutes: MinutesAWeek = Field(examples=[540])
    maximum_minutes: MinutesAWeek = Field(examples=[720])
    minimum_days: int = described("Days with treatment a week.", 3, ge=1, le=7, strict=True)


class ChangedCohort(Strict):
    """A cohort as it is to be from now on; who has a seat keeps it."""

    name: Legible = described("Unique at the site.", "Evening", max_length=120)
    track: Track = TRACK
    gender_group: GenderGroup | None = GENDER
    capacity: int = described("Seats.", 10, ge=1, le=1_000, strict=True)
    dual_diagnosis_trained: bool = TRAINED
    eligibility: Eligibility = Eligibility()
    phases: list[Phase] = described(
        "In their order; empty: it has none.", default=[], max_length=12
    )
    enrolment: Enrolment = described(
        "A closed one takes nobody after its first session.", default="open"
    )
    minimum_size: int = described(
        "Clients it needs to run.", default=1, ge=1, le=1_000, strict=True
    )
    credentials: list[Token] = described(
        "What its staff must have.", ["licensed_counselor"], default=[], max_length=20
    )
    cofacilitated: bool = described("Two people lead it together.", default=False)


class NewCohort(ChangedCohort):
    """A cohort to open at a site."""

    site_id: UUID = described("Where the cohort meets.")


class Cohort(Shown):
    """A cohort and its seats."""

    id: UUID
    site_id: UUID
    name: str = Field(examples=["Evening"])
    track: Track = TRACK
    gender_group: GenderGroup | None = GENDER
    capacity: int = described("Seats.", 10)
    dual_diagnosis_trained: bool = TRAINED
    eligibility: Annotated[Eligibility, FromJson]
    phases: Annotated[list[Phase], FromJson]
    enrolment: Enrolment
    minimum_size: int = described("Clients it needs to run.", 1)
    credentials: list[str]
    cofacilitated: bool
    warnings: list[str] = described(
        "What is possible and questionable, for people.",
        ["Phase 3 plans 6 h a week: level 2.1 asks for 9 h."],
    )
    seats_taken: int = described("Taken, or kept for a proposal.", 4)
    seats_free: int = Field(examples=[6])
    created_at: Instant
    version: int = described("The ETag.", 1)
