"""What requests and answers about partners' seats look like."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.intake import Token
from shared.web import Instant, Shown, Strict
from shared.web.texts import Legible

LEVEL = Field(description="Level of care.", examples=["2.5"])
SEATS = Field(ge=0, le=10_000, strict=True, description="Seats for our clients.", examples=[4])
REGION = Field(description="Whose clients they are for; null: all regions.", examples=[None])


class PartnerSeats(Strict):
    """How many seats a partner keeps."""

    seats: int = SEATS


class NewPartnerSlot(PartnerSeats):
    """Seats of a partner at one level."""

    partner: Legible = Field(max_length=120, examples=["Elm House"])
    level: Token = LEVEL
    region_id: UUID | None = REGION


class PartnerSlot(Shown):
    """Seats of a partner, and how many of them are held."""

    id: UUID
    partner: str = Field(examples=["Elm House"])
    level: str = LEVEL
    region_id: UUID | None = REGION
    seats: int = SEATS
    held: int = Field(examples=[1])
    created_at: Instant
    version: int = Field(description="The ETag.", examples=[1])


class NewStepUpRequest(Strict):
    """A seat that is looked for at a higher level."""

    client_id: UUID
    site_id: UUID = Field(description="The site that treats the client.")
    level: Token = LEVEL


class Release(Strict):
    """How the hold of a seat ends."""

    outcome: Literal["taken", "given_up"] = Field(examples=["taken"])


class StepUpRequest(Shown):
    """A partner's seat that is or was held for a client."""

    id: UUID
    client_id: UUID
    site_id: UUID
    level: str = LEVEL
    slot_id: UUID
    partner: str = Field(examples=["Elm House"])
    held_at: Instant
    expires_at: Instant
    released_at: Instant | None
    outcome: Literal["taken", "given_up", "expired"] | None = Field(
        description="Null while it is held.", examples=[None]
    )
    version: int = Field(description="The ETag.", examples=[1])
