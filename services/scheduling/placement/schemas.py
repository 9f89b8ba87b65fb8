"""What answers about seats look like."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel

from services.scheduling.waiting.rules import Family
from shared.contracts.base import Criterion
from shared.contracts.intake import GenderGroup, Token
from shared.contracts.scheduling import EndedAs, Track
from shared.web import FromJson, Instant, Shown, Strict, described

Criteria = Annotated[list[Criterion], FromJson]
PlacementState = Literal["proposed", "active", "ended"]


class AskedPlacements(BaseModel):
    """Which placements are listed."""

    site_id: UUID | None = described("Only at this site.", default=None)
    state: PlacementState | None = described("Only those that last, or that ended.", default=None)
    cohort_id: UUID | None = described("Only in this cohort.", default=None)
    client_id: UUID | None = described("Only of this client.", default=None)


class ConsideredCohort(Shown):
    """A cohort that was checked against the client's need."""

    cohort_id: UUID
    eligible: bool
    rank: int | None = described(
        "Of those that fit, 1 is the best; null for the others.", default=None
    )
    sentence: str | None = described(
        "What speaks against the cohort, or how it fits.",
        "Evening men's group at North: full until 4 Dec",
        default=None,
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
    placed_at: Instant = described("Since when the client has the seat, or it is kept.")
    proposed_until: Instant | None = described(
        "Until when the seat is kept while nobody has confirmed it; null: confirmed."
    )
    ended_at: Instant | None
    end_reason: EndedAs | None
    criteria: Criteria = described("Why this cohort was chosen.")
    primary_therapist_id: UUID | None = described("Who is answerable for the treatment.")
    version: int = described("The ETag.", 1)


class ExplainedPlacement(Placement):
    """A seat with every cohort that it was chosen from."""

    considered: list[ConsideredCohort] = described("Every cohort in reach, then.")


class PlacementPreview(Shown):
    """How the cohorts in reach rank for a client now."""

    client_id: UUID
    site_id: UUID
    enrolment_id: UUID
    cohorts: list[ConsideredCohort] = described("By rank, then those that the client cannot join.")


class Confirmation(Strict):
    """What a person chose for a client."""

    cohort_id: UUID = described("That of the proposal, or another one in reach.")
    override_reason: Token | None = described(
        "Why a rule is set aside that the cohort lacks: a reason of the policy.", None, default=None
    )


class WaitingClient(OfStay):
    """A client for whom no seat was free, in the order of priority population, clinical urgency and
    time of enrolment."""

    dual_diagnosis: bool
    gender_group: GenderGroup | None
    priority: bool = described("Of a population that goes first.", False)
    family: Family = described("The cohorts waited for.", "general_women")
    urgent: bool = described("Something found makes a seat urgent.", False)
    asked: bool = described("A seat is held for the client now.", False)
    offer_again_at: Instant | None = described(
        "Passed over until then, having let an offer pass.", None
    )
    enrolled_at: Instant
    waitlisted_at: Instant
    criteria: Criteria = described("What each cohort lacked.")
