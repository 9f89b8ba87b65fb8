"""Zones, ways between sites, weekly times, and what rooms and people of the staff are fit for."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from math import asin, ceil, cos, radians, sin, sqrt
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.directory.policy import TravelPolicy
from shared.calendar import elapsed

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


MINUTES_A_DAY = 1440


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A time of each week by the wall clock of a site. `weekday` 1 is Monday; minutes count from
    midnight, 1,440 is the midnight that ends the day. It holds its start and not its end."""

    weekday: int
    starts_minute: int
    ends_minute: int


@dataclass(frozen=True, slots=True, order=True)
class WorkingTime(Window):
    """When a person works at a site."""

    site_id: UUID


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


def minute_of(clock: str) -> int:
    """Minutes since midnight of a time such as `17:30` or `24:00`."""
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


def clock_of(minute: int) -> str:
    """A time such as `17:30`; the midnight that ends a day is `24:00`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def is_expired(expires_on: date | None, on: date) -> bool:
    """Whether the last day of a credential is over on a day."""
    return expires_on is not None and expires_on < on


def is_within(asked: Window, windows: Iterable[Window]) -> bool:
    """Whether all of a time is within windows, which may touch."""
    reached = asked.starts_minute
    for one in sorted(windows):
        if one.weekday == asked.weekday and one.starts_minute <= reached < one.ends_minute:
            reached = one.ends_minute
    return reached >= asked.ends_minute


def windows_of(starts_at: datetime, ends_at: datetime, time_zone: str) -> list[Window]:
    """What the clocks of a place show from one instant to another: a window for each day that is
    touched, to ask `works` and `is_within`. A minute that has begun is in it.

    Where the clock is put back in between, the window is as much longer at both ends as needed to
    hold all that the clock shows.
    """
    zone = ZoneInfo(time_zone)
    begins, ends = starts_at.astimezone(zone), ends_at.astimezone(zone)
    first = begins.hour * 60 + begins.minute
    last = ends.hour * 60 + ends.minute + bool(ends.second or ends.microsecond)
    days = (ends.date() - begins.date()).days
    if days == 0:
        minutes = ceil(elapsed(starts_at, ends_at) / timedelta(minutes=1))
        first, last = min(first, last - minutes), max(last, first + minutes)
        return [Window(begins.isoweekday(), max(first, 0), min(last, MINUTES_A_DAY))]
    between = [Window((begins.weekday() + day) % 7 + 1, 0, MINUTES_A_DAY) for day in range(1, days)]
    rest = [Window(ends.isoweekday(), 0, last)] if last else []
    return [Window(begins.isoweekday(), first, MINUTES_A_DAY), *between, *rest]


def first_overlapping(windows: Sequence[Window]) -> int | None:
    """The place of the first window that begins before another one of its day, and of its site,
    ends. Of two that begin at the same time the later in the list is named."""
    placed = sorted(enumerate(windows), key=lambda one: (*_day(one[1]), one[1].starts_minute))
    for (_, before), (n, after) in pairwise(placed):
        if _day(before) == _day(after) and after.starts_minute < before.ends_minute:
            return n
    return None


def _day(one: Window) -> tuple[str, int]:
    return (str(one.site_id) if isinstance(one, WorkingTime) else "", one.weekday)
