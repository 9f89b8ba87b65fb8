"""What answers about scores look like."""

from uuid import UUID

from pydantic import Field

from shared.web import Instant, Shown


class Score(Shown):
    """The result of one instrument at one time."""

    instrument: str = Field(examples=["phq-9"])
    instrument_version: str = Field(examples=["1.0"])
    screening_id: UUID
    answered_at: Instant = Field(description="When the client answered: the age of the score.")
    completed_at: Instant = Field(description="When the answers were entered and scored.")
    status: str = Field(examples=["complete"])
    total: int | None = Field(examples=[7])
    band: str | None = Field(description="Symptom band, not a diagnosis.", examples=["mild"])
    positive: bool | None = Field(description="Positive screen; null = open.")
    safety_item: str | None = Field(description="PHQ-9 item 9.", examples=["negative"])
