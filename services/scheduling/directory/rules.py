"""Which names of time zones a site may have, and how far it is from site to site."""

from dataclasses import dataclass
from functools import cache
from math import asin, ceil, cos, radians, sin, sqrt
from zoneinfo import available_timezones

EARTH_KM = 6371.0088
"""Mean radius of the earth (IUGG)."""


@cache
def zones() -> frozenset[str]:
    """The names in the IANA time zone database that are those of a place or an offset.

    `localtime` is whatever the machine has, and `Factory` is no time at all.
    """
    return frozenset(available_timezones()) - {"localtime", "Factory"}


def is_zone(name: str) -> bool:
    """Whether `name` is an IANA zone, such as `America/Denver`."""
    return name in zones()


@dataclass(frozen=True, slots=True)
class Place:
    """Degrees of WGS 84."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Travel:
    """How roads are assumed to be: so many kilometers of road for one of the straight line, at so
    many kilometers an hour, and minutes that every way takes beside."""

    detour: float
    kilometers_an_hour: float
    minutes_beside: int


def kilometers(one: Place, other: Place) -> float:
    """The straight line between two places, on the sphere (haversine)."""
    south, north = radians(one.latitude), radians(other.latitude)
    across = radians(other.longitude - one.longitude)
    half = sin((north - south) / 2) ** 2 + cos(south) * cos(north) * sin(across / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(half)))


def travel_minutes(one: Place, other: Place, travel: Travel) -> int:
    """Whole minutes from one place to the other, rounded up; 0 at the same place."""
    if one == other:
        return 0
    road = kilometers(one, other) * travel.detour
    return travel.minutes_beside + ceil(60 * road / travel.kilometers_an_hour)
