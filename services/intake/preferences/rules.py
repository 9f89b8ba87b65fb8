"""Hours of a week at which a client can come, and the instants that they are. No I/O, no clock.

A slot is by the client's wall clock, in minutes since midnight; 1,440 is the midnight that ends
the day. It holds its start and not its end, so that slots may touch.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

MINUTES_A_DAY = 1440
GROUP_OF_GENDER: dict[str, Literal["men", "women"]] = {"man": "men", "woman": "women"}
"""Gender-specific groups go by the client's stated gender."""

Interval = tuple[datetime, datetime]
"""From an instant up to, and without, a later one; both in UTC."""


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A time of each week. `weekday` is ISO's: 1 is Monday, 7 is Sunday."""

    weekday: int
    starts: int
    ends: int


def minutes_of(text: str) -> int:
    """Minutes since midnight of a time such as `17:30` or `24:00`."""
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def time_of(minutes: int) -> time:
    """A time of the day; the midnight that ends it is shown as 00:00."""
    return time(minutes % MINUTES_A_DAY // 60, minutes % 60)


def first_backward(slots: Sequence[Slot]) -> int | None:
    """The place of the first slot that does not end after its start on the same day."""
    return next((n for n, one in enumerate(slots) if not one.starts < one.ends), None)


def first_overlapping(slots: Sequence[Slot]) -> int | None:
    """The place of the first slot that begins before another one of its day ends.

    Of two that begin at the same time the later in the list is named.
    """
    placed = sorted(enumerate(slots), key=lambda one: (one[1].weekday, one[1].starts, one[0]))
    for (_, before), (n, after) in pairwise(placed):
        if before.weekday == after.weekday and after.starts < before.ends:
            return n
    return None


def minutes_available(slots: Iterable[Slot]) -> int:
    """Minutes of an ordinary week in slots that do not overlap."""
    return sum(one.ends - one.starts for one in slots)


def hours_available(slots: Iterable[Slot]) -> float:
    """Hours of an ordinary week in slots that do not overlap."""
    return minutes_available(slots) / 60


def overlaps(slots: Iterable[Slot], weekday: int, starts: int, ends: int) -> bool:
    """Whether some of the time from `starts` to `ends` on that weekday lies in a slot."""
    return any(
        one.weekday == weekday and max(one.starts, starts) < min(one.ends, ends) for one in slots
    )


def covers(slots: Iterable[Slot], weekday: int, starts: int, ends: int) -> bool:
    """Whether all of the time from `starts` to `ends` on that weekday lies in slots, as one or as
    several that touch."""
    reached = starts
    for one in sorted(one for one in slots if one.weekday == weekday):
        if one.starts <= reached < one.ends:
            reached = one.ends
    return reached >= ends


def instants(slot: Slot, monday: date, zone_name: str) -> tuple[Interval, ...]:
    """When the wall clock of a zone shows a time of the slot in the week that begins on `monday`.

    Mostly one interval. What the clock skips in spring is left out, so there may be none; what it
    shows twice in autumn counts both times, as one interval or as two.
    """
    zone = ZoneInfo(zone_name)
    day = datetime.combine(monday + timedelta(days=slot.weekday - 1), time())
    starts, ends = day + timedelta(minutes=slot.starts), day + timedelta(minutes=slot.ends)
    before, after, change = _change_around(day, zone)
    early = _utc(starts, before), min(_utc(ends, before), change)
    late = max(_utc(starts, after), change), _utc(ends, after)
    found = [one for one in (early, late) if one[0] < one[1]]
    if len(found) == 2 and found[0][1] == found[1][0]:
        return ((found[0][0], found[1][1]),)
    return tuple(found)


def is_within(slots: Iterable[Slot], at: datetime, zone_name: str) -> bool:
    """Whether the wall clock of a zone shows a time of one of the slots at an instant."""
    local = at.astimezone(ZoneInfo(zone_name))
    minute = local.hour * 60 + local.minute
    return overlaps(slots, local.isoweekday(), minute, minute + 1)


def gender_group(wish: str, gender: str) -> Literal["men", "women"] | None:
    """The gender-specific group that is wished for; None for any group, and where the stated gender
    leads to none."""
    return GROUP_OF_GENDER.get(gender) if wish == "same_gender" else None


def _utc(wall: datetime, offset: timedelta) -> datetime:
    return (wall - offset).replace(tzinfo=UTC)


def _change_around(day: datetime, zone: ZoneInfo) -> tuple[timedelta, timedelta, datetime]:
    """The offsets from UTC at the beginning and the end of a day, and when one gives way to the
    other. Zones change at most once a day, at a full second."""
    low = day.replace(tzinfo=zone).astimezone(UTC) - timedelta(hours=3)
    high = (day + timedelta(days=1)).replace(tzinfo=zone).astimezone(UTC) + timedelta(hours=3)
    before, after = _offset(low, zone), _offset(high, zone)
    if before == after:
        return before, after, low
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        if _offset(middle, zone) == before:
            low = middle
        else:
            high = middle
    return before, after, high


def _offset(at: datetime, zone: ZoneInfo) -> timedelta:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None
    return offset
