"""What answers about seats look like."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from services.scheduling.waiting.rules import Family
from shared.contracts.base import Criterion
from shared.contracts.intake import GenderGroup
from shared.contracts.scheduling import EndedAs, Track
from shared.web import Instant, Shown

PlacementState = Literal["active", "ended"]


class ConsideredCohort(Shown):
    """A cohort that was checked against the client's need."""

    cohort_id: UUID
    eligible: bool
    criteria: list[Criterion]


class Placement(Shown):
    """A client's seat in a cohort, and why it is that one."""

    id: UUID
    site_id: UUID
    client_id: UUID
    enrolment_id: UUID
    cohort_id: UUID
    track: Track
    state: PlacementState
    placed_at: Instant
    ended_at: Instant | None
    end_reason: EndedAs | None
    criteria: list[Criterion] = Field(description="Why this cohort was chosen.")
    considered: list[ConsideredCohort] = Field(description="Every cohort of the site, then.")


class WaitingClient(Shown):
    """A client for whom no seat was free, in the order of priority population, clinical urgency and
    time of enrolment."""

    id: UUID
    site_id: UUID
    client_id: UUID
    enrolment_id: UUID
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
    criteria: list[Criterion] = Field(description="What each cohort lacked.")
