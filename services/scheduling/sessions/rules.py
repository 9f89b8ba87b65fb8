"""From a weekly plan in wall-clock times to instants. No I/O, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class WallClockSlot:
    """One session of each week. `weekday` 0 is Monday, `starts` is by the site's wall clock and
    `minutes` includes breaks."""

    weekday: int
    starts: time
    minutes: int


@dataclass(frozen=True, slots=True)
class PlannedSession:
    """A session in UTC, the index of its slot, and what the wall clock shows when it begins."""

    slot: int
    local_start: datetime
    starts_at: datetime
    ends_at: datetime


def wall_clock(text: str) -> time:
    """The time of day that `text` such as `17:30` shows."""
    return time.fromisoformat(text)


def instant_of(day: date, starts: time, zone: ZoneInfo) -> datetime:
    """The instant at which the wall clock of `zone` shows `starts` on `day`, in UTC.

    A time that the clock skips in spring is read with the offset before the change, so that 02:30
    becomes 03:30; of a time that it shows twice in autumn the first one is taken. That is our
    choice: calendars differ, and RFC 5545, section 3.3.10, drops such a time of a recurrence.
    """
    return datetime.combine(day, starts, zone).replace(fold=0).astimezone(UTC)


def plan_sessions(
    starts_on: date, weeks: int, slots: Sequence[WallClockSlot], zone_name: str
) -> list[PlannedSession]:
    """Every session of a plan, in order of its start.

    Each slot is held `weeks` times, first on its first weekday from `starts_on` on. A session
    lasts its minutes in real time, whatever the wall clock does meanwhile.
    """
    zone = ZoneInfo(zone_name)
    planned = []
    for index, slot in enumerate(slots):
        first = starts_on + timedelta(days=(slot.weekday - starts_on.weekday()) % 7)
        for week in range(weeks):
            day = first + timedelta(weeks=week)
            starts_at = instant_of(day, slot.starts, zone)
            ends_at = starts_at + timedelta(minutes=slot.minutes)
            local_start = datetime.combine(day, slot.starts)
            planned.append(PlannedSession(index, local_start, starts_at, ends_at))
    return sorted(planned, key=lambda session: (session.starts_at, session.slot))


def overlapping_slot(sessions: Sequence[PlannedSession]) -> int | None:
    """The slot of the first session that begins before the one ahead of it ends, if there is one.

    `sessions` are in order of their start, as `plan_sessions` returns them.
    """
    for before, after in pairwise(sessions):
        if after.starts_at < before.ends_at:
            return after.slot
    return None


def day_bounds(day: date, zone_name: str) -> tuple[datetime, datetime]:
    """Midnight of `day` and of the day after by the wall clock of the zone, in UTC.

    23 or 25 hours apart when the clock changes in between.
    """
    zone = ZoneInfo(zone_name)
    return instant_of(day, time(), zone), instant_of(day + timedelta(days=1), time(), zone)


def may_be_cancelled(
    starts_at: datetime, zone_name: str, now: datetime, days_afterwards: int
) -> bool:
    """Whether it can still be said that a session was not held: until the end of the last of
    `days_afterwards` days after its own, by the calendar of the site."""
    zone = ZoneInfo(zone_name)
    last = starts_at.astimezone(zone).date() + timedelta(days=days_afterwards)
    return now.astimezone(zone).date() <= last
