"""Times of each week by the wall clock of a place. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import StringConstraints

from shared.calendar import elapsed

MINUTES_A_DAY = 1440
Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""A time such as `17:30`."""
ClockOrMidnight = Annotated[
    str, StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")
]
"""Also `24:00`, the midnight that ends a day."""


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A time of each week by a wall clock. `weekday` 1 is Monday; minutes count from
    midnight, 1,440 is the midnight that ends the day. It holds its start and not its end."""

    weekday: int
    starts_minute: int
    ends_minute: int

    @property
    def day(self) -> tuple[Any, ...]:
        """The day of the week that it is of, by which times are compared."""
        return (self.weekday,)


def minute_of(clock: str) -> int:
    """Minutes since midnight of a time such as `17:30` or `24:00`."""
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


def clock_of(minute: int) -> str:
    """A time such as `17:30`; the midnight that ends a day is `24:00`."""
    return f"{minute // 60:02}:{minute % 60:02}"


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
    """The place of the first window that begins before another one of its day ends. Of two that
    begin at the same time the later in the list is named."""
    placed = sorted(enumerate(windows), key=lambda one: (*one[1].day, one[1].starts_minute))
    for (_, before), (n, after) in pairwise(placed):
        if before.day == after.day and after.starts_minute < before.ends_minute:
            return n
    return None
