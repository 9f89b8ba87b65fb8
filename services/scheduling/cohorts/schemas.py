"""What requests and answers about cohorts look like."""

from uuid import UUID

from pydantic import Field

from services.scheduling.directory.schemas import PRINTABLE
from shared.contracts.intake import GenderGroup
from shared.contracts.scheduling import Track
from shared.web import Instant, Shown, Strict

NAME = Field(
    min_length=1,
    max_length=120,
    pattern=PRINTABLE,
    description="Unique at the site.",
    examples=["Evening"],
)
TRACK = Field(description="Whom the cohort is for.", examples=["general"])
GENDER = Field(description="Null for a mixed cohort.", examples=[None])
CAPACITY = Field(ge=1, le=1_000, strict=True, description="Seats.", examples=[10])
TRAINED = Field(description="Staff is trained for co-occurring disorders.", examples=[False])


class NewCohort(Strict):
    """A cohort to open at a site."""

    site_id: UUID = Field(description="Where the cohort meets.")
    name: str = NAME
    track: Track = TRACK
    gender_group: GenderGroup | None = GENDER
    capacity: int = CAPACITY
    dual_diagnosis_trained: bool = TRAINED


class Cohort(Shown):
    """A cohort and its seats."""

    id: UUID
    site_id: UUID
    name: str = Field(examples=["Evening"])
    track: Track = TRACK
    gender_group: GenderGroup | None = GENDER
    capacity: int = Field(description="Seats.", examples=[10])
    dual_diagnosis_trained: bool = TRAINED
    seats_taken: int = Field(examples=[4])
    seats_free: int = Field(examples=[6])
    created_at: Instant
    version: int = Field(description="The ETag.", examples=[1])
