"""What answers about disengagement look like."""

from pydantic import Field

from services.outcomes.episodes.schemas import OfStay
from shared.contracts.base import PolicyReference
from shared.contracts.outcomes import DisengagementFactor
from shared.web import Instant


class Disengagement(OfStay):
    """How likely a stay seems to break off, and why."""

    source_sequence: int = Field(description="The latest attendance event that is counted in.")
    score: int | None = Field(
        description="0 to 100; null with too few sessions to tell.", examples=[56]
    )
    factors: list[DisengagementFactor] = Field(description="The score, factor by factor.")
    policy: PolicyReference
    assessed_at: Instant
    at_risk: bool = Field(description="Raised and not cleared since.", examples=[True])
    raised_at: Instant | None
    cleared_at: Instant | None
