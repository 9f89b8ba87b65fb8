"""What answers about seats look like."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.scheduling.waiting.rules import Family
from shared.contracts.base import Criterion
from shared.contracts.intake import GenderGroup, Token
from shared.contracts.scheduling import EndedAs, Track
from shared.web import FromJson, Instant, Shown, Strict

Criteria = Annotated[list[Criterion], FromJson]
PlacementState = Literal["proposed", "active", "ended"]


class AskedPlacements(BaseModel):
    """Which placements are listed."""

    site_id: UUID | None = Field(None, description="Only at this site.")
    state: PlacementState | None = Field(None, description="Only those that last, or that ended.")
    cohort_id: UUID | None = Field(None, description="Only in this cohort.")
    client_id: UUID | None = Field(None, description="Only of this client.")


class ConsideredCohort(Shown):
    """A cohort that was checked against the client's need."""

    cohort_id: UUID
    eligible: bool
    rank: int | None = Field(
        default=None, description="Of those that fit, 1 is the best; null for the others."
    )
    sentence: str | None = Field(
        default=None,
        description="What speaks against the cohort, or how it fits.",
        examples=["Evening men's group at North: full until 4 Dec"],
    )
    criteria: list[Criterion]


class OfStay(Shown):
    """Something of a client's stay."""

    id: UUID
    site_id: UUID
    client_id: UUID
    enrolment_id: UUID


class Placement(OfStay):
    """A client's seat in a cohort, and why it is that one."""

    cohort_id: UUID
    track: Track
    state: PlacementState
    placed_at: Instant = Field(description="Since when the client has the seat, or it is kept.")
    proposed_until: Instant | None = Field(
        description="Until when the seat is kept while nobody has confirmed it; null: confirmed."
    )
    ended_at: Instant | None
    end_reason: EndedAs | None
    criteria: Criteria = Field(description="Why this cohort was chosen.")
    primary_therapist_id: UUID | None = Field(description="Who is answerable for the treatment.")
    version: int = Field(description="The ETag.", examples=[1])


class ExplainedPlacement(Placement):
    """A seat with every cohort that it was chosen from."""

    considered: list[ConsideredCohort] = Field(description="Every cohort in reach, then.")


class PlacementPreview(Shown):
    """How the cohorts in reach rank for a client now."""

    client_id: UUID
    site_id: UUID
    enrolment_id: UUID
    cohorts: list[ConsideredCohort] = Field(
        description="By rank, then those that the client cannot join."
    )


class Confirmation(Strict):
    """What a person chose for a client."""

    cohort_id: UUID = Field(description="That of the proposal, or another one in reach.")
    override_reason: Token | None = Field(
        default=None,
        description="Why a rule is set aside that the cohort lacks: a reason of the policy.",
        examples=[None],
    )


class WaitingClient(OfStay):
    """A client for whom no seat was free, in the order of priority population, clinical urgency and
    time of enrolment."""

    dual_diagnosis: bool
    gender_group: GenderGroup | None
    priority: bool = Field(description="Of a population that goes first.", examples=[False])
    family: Family = Field(description="The cohorts waited for.", examples=["general_women"])
    urgent: bool = Field(description="Something found makes a seat urgent.", examples=[False])
    asked: bool = Field(description="A seat is held for the client now.", examples=[False])
    offer_again_at: Instant | None = Field(
        description="Passed over until then, having let an offer pass.", examples=[None]
    )
    enrolled_at: Instant
    waitlisted_at: Instant
    criteria: Criteria = Field(description="What each cohort lacked.")
