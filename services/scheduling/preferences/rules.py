"""What is known of a client, and how much of a week's sessions is within the hours of one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import accumulate
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.contracts.intake import AgeBand, GenderGroup
from shared.weekly import Window

DAY = 24 * 60
WEEK = 7 * DAY
Meeting = tuple[datetime, int]
"""A session as far as it takes somebody's time: when it begins, and its minutes."""


@dataclass(frozen=True, slots=True)
class Client:
    """What is known of a client. None, and no windows, are what is not known: nothing is held
    against anybody by it."""

    zone: str | None = None
    windows: tuple[Window, ...] = ()
    """When the client can come, by the client's own clock."""
    telehealth: bool | None = None
    needs_transport: bool | None = None
    language: str | None = None
    """BCP 47."""
    wished_group: GenderGroup | None = None
    needs: frozenset[str] = frozenset()
    court_referred: bool = False
    age_band: AgeBand | None = None
    level_of_care: str | None = None
    apart_from: frozenset[UUID] = field(default=frozenset())
    """Clients whom this one must not meet in a group."""
    familiar: frozenset[UUID] = field(default=frozenset())
    """Cohorts of a therapist whom this client had."""


def opened(windows: Iterable[Window]) -> list[int]:
    """For each minute of a week how many minutes before it are in one of the windows."""
    minutes = bytearray(WEEK)
    for window in windows:
        day, length = (window.weekday - 1) * DAY, window.ends_minute - window.starts_minute
        starts = day + window.starts_minute
        minutes[starts : starts + length] = b"\1" * length
    return list(accumulate(minutes, initial=0))


def within(meetings: Iterable[Meeting], hours: Sequence[int], zone: ZoneInfo) -> int:
    """How many minutes of these sessions are in the hours that `opened` made.

    A session is laid on the client's clock where it begins, and lasts its minutes in real time; one
    of Sunday night goes on in the hours of Monday.
    """
    total = 0
    for starts_at, minutes in meetings:
        starts = _minute_of_week(starts_at, zone)
        ends = starts + minutes
        total += hours[min(ends, WEEK)] - hours[starts] + hours[max(0, ends - WEEK)]
    return total


@lru_cache(maxsize=10_000)
def _minute_of_week(instant: datetime, zone: ZoneInfo) -> int:
    local = instant.astimezone(zone)
    return local.weekday() * DAY + local.hour * 60 + local.minute


def comes_after(minute_of_day: int, windows: Sequence[Window]) -> bool:
    """Whether a part of the windows is later on its day than that minute."""
    return any(window.ends_minute > minute_of_day for window in windows)
