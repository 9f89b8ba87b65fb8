"""Ways between sites, and what rooms and people of the staff are fit for."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from math import asin, ceil, cos, radians, sin, sqrt
from typing import Any, Literal
from uuid import UUID

from services.scheduling.directory.policy import TravelPolicy
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
