"""What requests and answers about closed days look like."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, Field

from services.scheduling.directory.schemas import Name
from shared.contracts.scheduling import ClosedDayKind
from shared.literal import full_date
from shared.web import Shown, Strict, described

YEARS = (2000, 2100)
BOUNDS = Field(ge=date(YEARS[0], 1, 1), le=date(YEARS[1], 12, 31), examples=["2026-11-26"])
Day = Annotated[date, BOUNDS, BeforeValidator(full_date)]
"""Also of a query or a path, where nothing else sees to it that a date is written as one."""
WHAT = "A holiday, the weekday on which one is observed, or a closure of the site's own."
KIND = described(WHAT, "holiday")


class ClosedDay(Strict):
    """A day on which a site is closed."""

    day: Day = described("By the site's calendar.")
    name: Name = described("Why, for staff.", "Thanksgiving Day")
    kind: ClosedDayKind = KIND


class NewClosedDays(Strict):
    """Days on which a site is to be closed, such as the proposals that it takes."""

    days: list[ClosedDay] = Field(min_length=1, max_length=100)


class ProposedDay(Shown):
    """A public holiday."""

    day: date
    name: str = Field(examples=["Thanksgiving Day"])
    kind: ClosedDayKind = KIND
    confirmed: bool = described("Whether the site is closed on that day.")


class ClosedDays(Shown):
    """The days of a year on which a site is closed."""

    site_id: UUID
    days: list[ClosedDay]


class ProposedDays(Shown):
    """The public holidays of a year, of which a site takes those on which it closes."""

    site_id: UUID
    subdivision: str = Field(examples=["US-CO"])
    source: str = described("Library and version.", "holidays 0.109")
    days: list[ProposedDay]
