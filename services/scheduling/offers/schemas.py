"""What requests and answers about seat offers look like."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.scheduling.placement.schemas import Criteria, OfStay
from services.scheduling.waiting.rules import Family
from shared.contracts.intake import Token
from shared.web import Instant, Shown, Strict

OfferState = Literal["open", "accepted", "declined", "expired", "withdrawn"]


class OffersAsked(BaseModel):
    """Which offers are listed."""

    site_id: UUID | None = Field(None, description="Only at this site.")
    state: OfferState | None = Field(None, description="Only in this state.")
    jumped: bool | None = Field(
        None, description="Only those by which somebody was passed over, or not."
    )


class NewSeatOffer(Strict):
    """A seat to offer to somebody whom a person chose."""

    waiting_id: UUID = Field(description="The client's line on the waiting list.")
    cohort_id: UUID = Field(description="A cohort of the site with a free seat.")
    reason: Token | None = Field(
        default=None,
        description="Why before those who come first in the order and would fit: one of the "
        "policy's reasons. Null where nobody is passed over.",
        examples=["court_order"],
    )


class Decline(Strict):
    """Why a seat is not taken."""

    reason: Token | None = Field(
        default=None, description="One of the policy's reasons.", examples=["time_does_not_fit"]
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
    offered_by: str | None = Field(description="Who chose the client; null by the order.")
    passed_over: int = Field(
        description="How many came before in the order and would have fitted.", examples=[0]
    )
    jump_reason: str | None = Field(examples=["court_order"])
    decline_reason: str | None = Field(examples=[None])
    answered_by: str | None = Field(description="Who answered; `link:…` is the client.")
    criteria: Criteria = Field(description="Why this cohort was chosen.")
    version: int = Field(description="The ETag.", examples=[1])


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
    time_zone: str = Field(description="IANA zone of the site.", examples=["America/Denver"])


class WaitingFamily(Shown):
    """How many wait for one family of cohorts."""

    family: Family = Field(examples=["general"])
    waiting: int = Field(examples=[3])


class WaitingFigures(Shown):
    """How long people wait for a seat at a site, in whole days of its calendar."""

    site_id: UUID
    waiting: int = Field(description="Who waits now.", examples=[7])
    families: list[WaitingFamily]
    longest_days: int | None = Field(description="Of those who wait now.", examples=[12])
    since: Instant = Field(description="90 days ago; what follows counts from then on.")
    seated: int = Field(description="Who waited and got a seat.", examples=[20])
    median_days: int | None = Field(
        description="From the time of enrolment to the seat, of those; of two in the middle the "
        "lower.",
        examples=[4],
    )
    accepted: int = Field(description="Offers, by how they ended.", examples=[15])
    declined: int = Field(examples=[3])
    expired: int = Field(examples=[2])
    jumps: int = Field(description="Offers by which somebody was passed over.", examples=[1])
