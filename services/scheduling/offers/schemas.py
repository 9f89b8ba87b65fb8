"""What requests and answers about seat offers look like."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.scheduling.placement.schemas import Criteria, OfStay
from services.scheduling.waiting.rules import Family
from shared.contracts.intake import Token
from shared.web import Instant, Shown, Strict, described

OfferState = Literal["open", "accepted", "declined", "expired", "withdrawn"]


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
