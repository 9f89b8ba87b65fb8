"""How sessions of one client are searched and booked: one file, with its version, beside the search
of times; whoever changes such a session asks it, too."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator

from shared.datafiles import DataFile, Part, data_file
from shared.weekly import Clock, ClockOrMidnight, Window, minute_of

OwnKind = Literal["individual", "family"]
"""Kinds of sessions that belong to clients and not to a cohort."""


class Minutes(Part):
    """The shortest and the longest session."""

    least: int = Field(ge=5)
    most: int = Field(le=480)


class KindPolicy(Part):
    """`people` are the clients of one session at most; one of `credentials` is needed, or any where
    none is named."""

    people: int = Field(ge=1)
    minutes: Minutes
    credentials: tuple[str, ...]


class Weights(Part):
    """Points of a proposal: for each criterion that is met, and less for each day later."""

    primary_therapist: int
    day_with_session: int
    caseload: int
    day_later: int


class Hours(Part):
    """From when until when on each day of the week, by the clock at the site."""

    opens: Clock = "08:00"
    closes: ClockOrMidnight = "20:00"

    @model_validator(mode="after")
    def _last(self) -> "Hours":
        if self.closes <= self.opens:
            raise ValueError("closes must be later than opens")
        return self

    @property
    def week(self) -> tuple[Window, ...]:
        """These hours of seven days."""
        times = minute_of(self.opens), minute_of(self.closes)
        return tuple(Window(weekday, *times) for weekday in range(1, 8))


class SlotPolicy(DataFile):
    """The grid of starts, how far a search goes, how many times it proposes, and what comes first.

    Proposals of one person of the staff begin `apart_minutes` apart at least. Where a site has
    stated no opening hours, those of `without_opening_hours` are proposed and planned: nobody is
    asked to come at night.
    """

    kinds: Mapping[OwnKind, KindPolicy]
    grid_minutes: Literal[5, 10, 15, 30]
    days_searched: int = Field(ge=1, le=62)
    proposals: int = Field(ge=1, le=200)
    apart_minutes: int = Field(ge=0)
    weights: Weights
    without_opening_hours: Hours = Hours()

    @property
    def named(self) -> str:
        """The policy as explanations name it."""
        return f"{self.id} policy, version {self.version}"


slot_policy = data_file(SlotPolicy, "services.scheduling.slots.policy", "slots", by_site=True)
"""The policy in force, everywhere or at a site."""
