"""Which days a site may want to close on: the holidays of its subdivision. A proposal, no more."""

from dataclasses import dataclass
from datetime import date
from importlib.metadata import version

import holidays

from shared.contracts.scheduling import ClosedDayKind


class NoCalendar(ValueError):
    """The library knows no holidays of this country."""


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day with the names of its holidays."""

    day: date
    name: str
    kind: ClosedDayKind


def source() -> str:
    """Where proposals come from."""
    return f"holidays {version('holidays')}"


def proposed(subdivision: str, year: int) -> list[Holiday]:
    """The public holidays of a year in an ISO 3166-2 subdivision, by day; those of the whole
    country where the library does not tell the subdivision apart.

    The library moves a holiday that falls on a weekend to a weekday in every state, whatever the
    statutes say, and lists days that few close on: so a site confirms each. A day is an observed
    one where it is a holiday by such a move alone.

    Raises:
        NoCalendar: the country is not known.
    """
    country, _, part = subdivision.partition("-")
    known = holidays.list_supported_countries().get(country)
    if known is None:
        raise NoCalendar(country)
    place = part if part in known else None
    statutory = holidays.country_holidays(country, place, year, observed=False)
    return [
        Holiday(day, name, "holiday" if day in statutory else "observed_holiday")
        for day, name in sorted(holidays.country_holidays(country, place, year).items())
    ]
