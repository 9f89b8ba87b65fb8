"""Whether Python and PostgreSQL know the same rules of a time zone.

Python takes them from the pinned package `tzdata`, PostgreSQL from files of its own. Where the two
are of different years, noon at a site is one instant in a query and another in a command: in the
winter of 2026 for America/Vancouver and America/Edmonton, by the files of Debian 12 (2025b) and by
tzdata 2026.6.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.metadata import version
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import asyncpg

DAYS = 2 * 366
"""How far ahead rules are compared: as far as anything is planned."""
OFFSETS = """
SELECT array_agg(extract(epoch FROM (at AT TIME ZONE $1) - (at AT TIME ZONE 'UTC'))::integer
  ORDER BY at) FROM unnest($2::timestamptz[]) AS at
"""

Fetch = Callable[..., Awaitable[object]]
"""`fetchval` of a transaction or of a pool."""


@cache
def names() -> frozenset[str]:
    """The names in the IANA time zone database that are those of a place or an offset.

    `localtime` is whatever the machine has, and `Factory` is no time at all.
    """
    return frozenset(available_timezones()) - {"localtime", "Factory"}


def is_zone(name: str) -> bool:
    """Whether `name` is an IANA zone, such as `America/Denver`."""
    return name in names()


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the rules of a zone differ first; offsets in seconds, None where it is unknown."""

    zone: str
    at: datetime
    python: int | None
    postgres: int | None

    def __str__(self) -> str:
        return (
            f"The rules of {self.zone} differ: at {self.at:%Y-%m-%dT%H:%M:%SZ} the package tzdata "
            f"{edition()} has {_shown(self.python)}, PostgreSQL {_shown(self.postgres)}. "
            "Update the older of the two, or name the zone of a place."
        )


@cache
def edition() -> str:
    """The edition of the rules that this process has, such as `2026.6`."""
    return version("tzdata")


def is_newer(one: str, other: str | None) -> bool:
    """Whether an edition is newer than another one, or there is no other."""
    return other is None or _numbers(one) > _numbers(other)


def _numbers(of: str) -> tuple[int, ...]:
    return tuple(int(number) for number in of.split("."))


class Zones:
    """Compares each zone until it is found to agree, once in the life of a process."""

    def __init__(self) -> None:
        self._agreed: set[str] = set()

    async def difference(
        self, fetch: Fetch, zones: Iterable[str], now: datetime
    ) -> Difference | None:
        """The first difference in the rules of zones that were not found to agree before."""
        for zone in sorted(set(zones) - self._agreed):
            if (found := await difference(fetch, zone, now)) is not None:
                return found
            self._agreed.add(zone)
        return None


async def difference(fetch: Fetch, zone: str, now: datetime) -> Difference | None:
    """Where the rules of `zone` differ first in the two years from `now`; None if nowhere.

    PostgreSQL ends a transaction that names a zone that it does not know.
    """
    start = now.astimezone(UTC).replace(microsecond=0)
    try:
        known = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return Difference(zone, start, None, None)
    instants = sorted({*_days(start), *_around_changes(_days(start), known)})
    try:
        theirs = await fetch(OFFSETS, zone, instants)
    except asyncpg.InvalidParameterValueError:
        return Difference(zone, start, _offset(known, start), None)
    assert isinstance(theirs, Sequence)
    for at, there in zip(instants, theirs, strict=True):
        if (here := _offset(known, at)) != there:
            return Difference(zone, at, here, there)
    return None


def _days(start: datetime) -> list[datetime]:
    return [start + timedelta(days=day) for day in range(DAYS)]


def _around_changes(days: Sequence[datetime], zone: ZoneInfo) -> Iterator[datetime]:
    """The last second before each change of the clock, and the first one after it."""
    for before, after in pairwise(days):
        if (offset := _offset(zone, before)) != _offset(zone, after):
            while after - before > timedelta(seconds=1):
                middle = before + timedelta(seconds=(after - before).total_seconds() // 2)
                before, after = (
                    (middle, after) if _offset(zone, middle) == offset else (before, middle)
                )
            yield from (before, after)


def _offset(zone: ZoneInfo, at: datetime) -> int:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def _shown(offset: int | None) -> str:
    if offset is None:
        return "no such zone"
    hours, minutes = divmod(abs(offset) // 60, 60)
    return f"UTC{'-' if offset < 0 else '+'}{hours:02}:{minutes:02}"
