"""What answers about due measures look like."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from services.outcomes.episodes.schemas import OfStay
from shared.web import Shown

OpenState = Literal["due", "overdue"]


class OpenMeasure(OfStay):
    """An instrument that a client is to answer now."""

    id: UUID
    instrument: str = Field(examples=["phq-9"])
    state: OpenState = Field(examples=["due"])
    due_on: date = Field(description="At the site.")
    overdue_on: date = Field(description="From this day on it is late.")
    until_on: date = Field(description="From this day on it counts as missed.")


class Completion(Shown):
    """How many of the measures of a site that became due in some days were answered."""

    instrument: str = Field(examples=["phq-9"])
    completed: int = Field(description="Answered; the numerator.", examples=[41])
    missed: int = Field(description="Not answered before the next was planned.", examples=[5])
    excused: int = Field(
        description="On hold, or the stay ended, before it was overdue; in no rate.", examples=[2]
    )
    due: int = Field(description="Open, and not late yet; in no rate.", examples=[7])
    overdue: int = Field(description="Open and late; in no rate.", examples=[1])
    percent: float | None = Field(
        description="Of completed and missed together; null where both are 0.", examples=[89.1]
    )


class SiteCompletion(Shown):
    """Completion at a site, by instrument."""

    site_id: UUID
    since: date
    until: date = Field(description="The last day that counts.")
    instruments: list[Completion]
