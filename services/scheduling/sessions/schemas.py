"""What requests and answers about curricula and sessions look like."""

from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, field_validator, model_validator

from services.scheduling.directory.schemas import PRINTABLE
from services.scheduling.sessions.rules import WallClockSlot, wall_clock
from shared.contracts.scheduling import SessionKind
from shared.web import Instant, Shown, Strict


def _of_our_times(value: datetime) -> datetime:
    if not 1900 <= value.astimezone(UTC).year < 2200:
        raise ValueError("Give an instant of the years 1900 to 2199.")
    return value


Bound = Annotated[Instant, AfterValidator(_of_our_times), Field(examples=["2026-03-02T00:00:00Z"])]
"""An instant that bounds a list of sessions by their start."""


class Slot(Strict):
    """One session of each week, by the wall clock of the site."""

    weekday: int = Field(ge=0, le=6, strict=True, description="0 is Monday.", examples=[0])
    starts: str = Field(
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$",
        description="Start by the site's wall clock.",
        examples=["17:30"],
    )
    minutes: int = Field(
        ge=15, le=480, strict=True, description="Length, breaks included.", examples=[180]
    )
    break_minutes: int = Field(
        default=0, ge=0, strict=True, description="Breaks in it, not credited.", examples=[15]
    )
    kind: SessionKind = Field(examples=["group"])
    topic: str = Field(
        min_length=1,
        max_length=120,
        pattern=PRINTABLE,
        description="What it is about.",
        examples=["Coping skills"],
    )

    @model_validator(mode="after")
    def breaks_are_shorter(self) -> "Slot":
        if self.break_minutes >= self.minutes:
            raise ValueError("break_minutes must be less than minutes.")
        return self

    @property
    def on_wall_clock(self) -> WallClockSlot:
        """The slot as the rules take it."""
        return WallClockSlot(self.weekday, wall_clock(self.starts), self.minutes)


class NewCurriculum(Strict):
    """A weekly plan for a cohort."""

    starts_on: date = Field(
        description="First day of the first week, which may be any weekday: each slot is first "
        "held on its first weekday from here on.",
        examples=["2026-03-02"],
    )
    weeks: int = Field(ge=1, le=52, strict=True, examples=[12])
    slots: list[Slot] = Field(min_length=1, max_length=21)

    @field_validator("starts_on")
    @classmethod
    def is_of_this_age(cls, value: date) -> date:
        if not date(2000, 1, 1) <= value < date(2200, 1, 1):
            raise ValueError("Use a date of the years 2000 to 2199.")
        return value


class Curriculum(Shown):
    """A weekly plan and what it came to."""

    id: UUID
    cohort_id: UUID
    site_id: UUID
    starts_on: date
    weeks: int
    slots: list[Slot]
    sessions: int = Field(description="Sessions planned.", examples=[36])
    first_starts_at: Instant
    last_ends_at: Instant
    weekly_minutes: int = Field(
        description="Minutes a week that count towards the level, less breaks.", examples=[495]
    )
    meets_level_minimum: bool = Field(
        description="Whether these alone are enough for level 2.1 (9 hours for adults)."
    )
    created_at: Instant


class Session(Shown):
    """One session of a cohort."""

    id: UUID
    site_id: UUID
    cohort_id: UUID
    curriculum_id: UUID
    starts_at: Instant
    ends_at: Instant
    local_date: date = Field(description="Date at the site.")
    local_start: str = Field(description="Start by the site's wall clock.", examples=["17:30"])
    time_zone: str = Field(examples=["America/Denver"])
    week: str = Field(description="ISO week at the site.", examples=["2026-W10"])
    kind: SessionKind
    topic: str
    break_minutes: int = Field(examples=[15])
    scheduled_minutes: int = Field(description="Length less breaks.", examples=[165])
