"""What requests and answers about curricula and sessions look like."""

from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, field_validator, model_validator

from services.scheduling.directory.schemas import PRINTABLE
from services.scheduling.sessions.rules import WallClockSlot, wall_clock
from shared.contracts.scheduling import NotHeldReason, SessionKind
from shared.web import Instant, Shown, Strict


def _of_our_times(value: datetime) -> datetime:
    if not 1900 <= value.astimezone(UTC).year < 2200:
        raise ValueError("Give an instant of the years 1900 to 2199.")
    return value


Bound = Annotated[Instant, AfterValidator(_of_our_times), Field(examples=["2026-03-02T00:00:00Z"])]
"""An instant that bounds a list of sessions by their start."""
Day = Annotated[date, Field(ge=date(2000, 1, 1), lt=date(2200, 1, 1), examples=["2026-03-02"])]
"""A date of a site's calendar."""


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


class RosterCounts(Shown):
    """How many clients stand where on the roster of a session. Of one that is not held all are
    under `not_held`."""

    expected: int = Field(description="Clients who are expected.", examples=[10])
    recorded: int = Field(description="Of them, those whose attendance is recorded.", examples=[9])
    present: int = Field(description="Of those, present or partial.", examples=[7])
    missed: int = Field(description="Of those, any kind of miss, holds apart.", examples=[1])
    on_hold: int = Field(
        description="Expected ones whose stay is on hold and who did not come.", examples=[1]
    )
    not_held: int = Field(description="Expected at a session that is not held.", examples=[0])


class Session(Shown):
    """One session of a cohort, or of clients of their own."""

    id: UUID
    site_id: UUID
    cohort_id: UUID | None = Field(description="Null of individual and family sessions.")
    curriculum_id: UUID | None
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
    not_held_at: Instant | None = Field(
        description="Since when it is known that the program does not hold it; null if it does."
    )
    not_held_reason: NotHeldReason | None
    roster: RosterCounts
    version: int = Field(description="The ETag.", examples=[1])


class Cancellation(Strict):
    """Why the program does not hold a session."""

    reason: NotHeldReason = Field(examples=["weather"])


class NewSessionCancellation(Cancellation):
    """Several sessions of a site that are not held: `session_ids`, or all of a `day`."""

    site_id: UUID = Field(description="Where the sessions are.")
    day: Day | None = Field(
        default=None,
        description="The date at the site on which the sessions start.",
        examples=["2026-03-02"],
    )
    session_ids: list[UUID] | None = Field(
        default=None, min_length=1, max_length=200, description="Each one once.", examples=[None]
    )

    @model_validator(mode="after")
    def names_sessions_in_one_way(self) -> "NewSessionCancellation":
        if (self.day is None) == (self.session_ids is None):
            raise ValueError("Give either day or session_ids.")
        return self


class CancelledSession(Session):
    """A session that the program does not hold, and who was expected at it."""

    client_ids: list[UUID] = Field(description="The clients who are told so.")


class SessionCancellation(Shown):
    """What was cancelled at once."""

    site_id: UUID
    reason: NotHeldReason
    not_held_at: Instant
    sessions: list[CancelledSession]
