"""Ways between sites, holidays, and what rooms and people of the staff are fit for. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from math import asin, ceil, cos, radians, sin, sqrt
from typing import Any, Literal
from uuid import UUID

import holidays

from services.scheduling.directory.policy import TravelPolicy
from shared.calendar import midnight
from shared.contracts.scheduling import ClosedDayKind
from shared.errors import Conflict
from shared.weekly import Window, is_within

EARTH_KM = 6371.0088
"""Mean radius of the earth (IUGG)."""


@dataclass(frozen=True, slots=True)
class Place:
    """Degrees of WGS 84."""

    latitude: float
    longitude: float


def kilometers(one: Place, other: Place) -> float:
    """The straight line between two places, on the sphere (haversine)."""
    south, north = radians(one.latitude), radians(other.latitude)
    across = radians(other.longitude - one.longitude)
    half = sin((north - south) / 2) ** 2 + cos(south) * cos(north) * sin(across / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(half)))


def travel_minutes(one: Place, other: Place, travel: TravelPolicy) -> int:
    """Whole minutes from one place to the other, rounded up; 0 at the same place."""
    if one == other:
        return 0
    road = kilometers(one, other) * travel.detour
    return travel.minutes_beside + ceil(60 * road / travel.kilometers_an_hour)


@dataclass(frozen=True, slots=True, order=True)
class WorkingTime(Window):
    """When a person works at a site."""

    site_id: UUID

    @property
    def day(self) -> tuple[Any, ...]:
        """That of the site, as a person may be had at several sites at one time."""
        return str(self.site_id), self.weekday


@dataclass(frozen=True, slots=True)
class Credential:
    """What a person may do; `expires_on` is its last day, None where it does not expire."""

    credential: str
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class Person:
    """A person of the staff as planning sees them: whose `site_ids` are those that the caller may
    see, and whose `leave` is that which has not ended."""

    id: UUID
    site_ids: frozenset[UUID]
    home_site_id: UUID | None
    gender: str | None
    languages: frozenset[str]
    trainings: frozenset[str]
    credentials: tuple[Credential, ...]
    hours: tuple[WorkingTime, ...]
    caseload_limit: int | None
    leave: tuple[tuple[datetime, datetime], ...] = ()

    def qualified(self, credentials: Iterable[str], on: date) -> bool:
        """Whether the person has all of these on a day; one that expires that day still counts."""
        valid = {one.credential for one in self.credentials if not is_expired(one.expires_on, on)}
        return valid.issuperset(credentials)

    def has_one(self, credentials: Collection[str], on: date) -> bool:
        """Whether the person has one of these on a day, or none is asked for."""
        return not credentials or any(self.qualified([one], on) for one in credentials)

    def works(self, window: Window, site_id: UUID) -> bool:
        """Whether the person works at the site for all of that time of a day, leave aside.

        Whose hours nobody stated works at any time at the sites that they cover.
        """
        if site_id not in self.site_ids:
            return False
        here = [one for one in self.hours if one.site_id == site_id]
        return not self.hours or is_within(window, here)

    def is_away(self, starts_at: datetime, ends_at: datetime) -> bool:
        """Whether a leave falls into a time."""
        return any(begins < ends_at and starts_at < ends for begins, ends in self.leave)


@dataclass(frozen=True, slots=True)
class Room:
    """A room that takes sessions, or a telehealth room with its link."""

    id: UUID
    site_id: UUID
    name: str
    kind: Literal["room", "telehealth"]
    capacity: int
    join_url: str | None

    def seats(self, people: int) -> bool:
        """Whether so many people, staff included, have a place in it."""
        return people <= self.capacity


def is_expired(expires_on: date | None, on: date) -> bool:
    """Whether the last day of a credential is over on a day."""
    return expires_on is not None and expires_on < on


class SubdivisionNeeded(Conflict, title="Holidays of this place are not known"):
    """Holidays are those of a country and its parts."""


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day with the names of its holidays."""

    day: date
    name: str
    kind: ClosedDayKind


def source() -> str:
    """Where proposals come from."""
    return f"holidays {version('holidays')}"


def proposed(subdivision: str | None, year: int) -> list[Holiday]:
    """The public holidays of a year in an ISO 3166-2 subdivision, by day; those of the whole
    country where the library does not tell the subdivision apart. A proposal, no more.

    The library moves a holiday that falls on a weekend to a weekday in every state, whatever the
    statutes say, and lists days that few close on: so a site confirms each. A day is an observed
    one where it is a holiday by such a move alone.

    Raises:
        SubdivisionNeeded: it is not said where, or no holidays of the country are known.
    """
    if subdivision is None:
        raise SubdivisionNeeded("Enter the subdivision of the site first, such as US-CO.")
    country, _, part = subdivision.partition("-")
    known = holidays.list_supported_countries().get(country)
    if known is None:
        raise SubdivisionNeeded("No holidays of this country are known: enter days.")
    place = part if part in known else None
    statutory = holidays.country_holidays(country, place, year, observed=False)
    return [
        Holiday(day, name, "holiday" if day in statutory else "observed_holiday")
        for day, name in sorted(holidays.country_holidays(country, place, year).items())
    ]


def leave_time(starts: date, ends: date, time_zone: str) -> tuple[datetime, datetime]:
    """From the first instant of leave to the one at which the person is back, in UTC.

    Each is an instant, or a day of the calendar in that zone: the first and the last one away.
    """
    if not isinstance(starts, datetime):
        starts = midnight(starts, time_zone)
    if not isinstance(ends, datetime):
        ends = midnight(ends + timedelta(days=1), time_zone)
    return starts.astimezone(UTC), ends.astimezone(UTC)


def expiring(
    credentials: Iterable[Credential], on: date, lead_days: int
) -> tuple[list[Credential], date | None]:
    """Those whose last day is so many days ahead at most, and the next day on which there is
    another one. What has expired already comes too late to be told."""
    ahead = timedelta(days=lead_days)
    dated = [(one.expires_on, one) for one in credentials if one.expires_on is not None]
    soon = [one for last, one in dated if on <= last <= on + ahead]
    return soon, min((last - ahead for last, _ in dated if last > on + ahead), default=None)
