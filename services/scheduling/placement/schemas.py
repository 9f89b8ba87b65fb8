"""What requests and answers about seats, the waiting list and its offers look like."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from shared.contracts.base import Criterion
from shared.contracts.intake import GenderGroup, Token
from shared.contracts.scheduling import EndedAs, Track
from shared.web import FromJson, Instant, Shown, Strict, described

Criteria = Annotated[list[Criterion], FromJson]
PlacementState = Literal["proposed", "active", "ended"]
General = Literal["general", "general_men", "general_women"]
DualDiagnosis = Literal["dual_diagnosis", "dual_diagnosis_men", "dual_diagnosis_women"]
Family = Literal[General, DualDiagnosis]
"""The cohorts that can take a client: a track, and the gender-specific group if one may be."""
OfferState = Literal["open", "accepted", "declined", "expired", "withdrawn"]


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


class NewTherapist(Strict):
    """Who is answerable from now on."""

    therapist_id: UUID | None = described("A person of the site's staff; null: nobody.")


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


class OffersAsked(BaseModel):
    """Which offers are listed."""

    site_id: UUID | None = described("Only at this site.", default=None)
    state: OfferState | None = described("Only in this state.", default=None)
    jumped: bool | None = described(
        "Only those by which somebody was passed over, or not.", default=None
    )


class NewSeatOffer(Strict):
    """A seat to offer to somebody whom a person chose."""

    waiting_id: UUID = described("The client's line on the waiting list.")
    cohort_id: UUID = described("A cohort of the site with a free seat.")
    reason: Token | None = described(
        "Why before those who come first in the order and would fit: one of the "
        "policy's reasons. Null where nobody is passed over.",
        "court_order",
        default=None,
    )


class Decline(Strict):
    """Why a seat is not taken."""

    reason: Token | None = described(
        "One of the policy's reasons.", "time_does_not_fit", default=None
    )


class OwnAnswer(Strict):
    """What a client answers by link."""

    answer: Literal["accept", "decline"]


class SeatOffer(OfStay):
    """A seat that is or was held for a client who waited."""

    cohort_id: UUID
    state: OfferState = Field(examples=["open"])
    offered_at: Instant
    expires_at: Instant
    ended_at: Instant | None
    offered_by: str | None = described("Who chose the client; null by the order.")
    passed_over: int = described("How many came before in the order and would have fitted.", 0)
    jump_reason: str | None = Field(examples=["court_order"])
    decline_reason: str | None = Field(examples=[None])
    answered_by: str | None = described("Who answered; `link:…` is the client.")
    criteria: Criteria = described("Why this cohort was chosen.")
    version: int = described("The ETag.", 1)


class OfferLink(Shown):
    """A link by which the client can answer; shown this once."""

    offer_id: UUID
    client_id: UUID
    site_id: UUID
    address: str = Field(examples=["/seat-offer#EXAMPLE-7wY0bLk3o2mC1r5s9tQvXzA8dEfGhIjKl"])
    valid_until: Instant
    version: int = Field(examples=[2])


class OwnOffer(Shown):
    """An offer as the client sees it: no name, no place, nothing of the program."""

    client_id: UUID = Field(exclude=True)
    site_id: UUID = Field(exclude=True)
    state: OfferState = Field(examples=["open"])
    expires_at: Instant
    time_zone: str = described("IANA zone of the site.", "America/Denver")


class WaitingFamily(Shown):
    """How many wait for one family of cohorts."""

    family: Family = Field(examples=["general"])
    waiting: int = Field(examples=[3])


class WaitingFigures(Shown):
    """How long people wait for a seat at a site, in whole days of its calendar."""

    site_id: UUID
    waiting: int = described("Who waits now.", 7)
    families: list[WaitingFamily]
    longest_days: int | None = described("Of those who wait now.", 12)
    since: Instant = described("90 days ago; what follows counts from then on.")
    seated: int = described("Who waited and got a seat.", 20)
    median_days: int | None = described(
        "From the time of enrolment to the seat, of those; of two in the middle the lower.", 4
    )
    accepted: int = described("Offers, by how they ended.", 15)
    declined: int = Field(examples=[3])
    expired: int = Field(examples=[2])
    jumps: int = described("Offers by which somebody was passed over.", 1)
