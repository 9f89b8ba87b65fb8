"""What requests and answers about partners' seats look like."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.intake import Token
from shared.web import Instant, Shown, Strict, described
from shared.web.texts import Legible

Outcome = Literal["taken", "given_up", "expired"]
LEVEL = described("Level of care.", "2.5")
SEATS = described("Seats for our clients.", 4, ge=0, le=10_000, strict=True)
REGION = described("Whose clients they are for; null: all regions.", None)


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
    version: int = described("The ETag.", 1)


class NewStepUpRequest(Strict):
    """A seat that is looked for at a higher level."""

    client_id: UUID
    site_id: UUID = described("The site that treats the client.")
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
    outcome: Outcome | None = described("Null while it is held.", None)
    version: int = described("The ETag.", 1)
