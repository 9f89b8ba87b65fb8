"""From a weekly plan in wall-clock times to instants. No I/O, no clock."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr  # type: ignore[import-untyped]

from shared.calendar import day_at, midnight
from shared.errors import Invalid

DAY = "(MO|TU|WE|TH|FR|SA|SU)"
PARTS = {
    "FREQ": r"WEEKLY|MONTHLY",
    "INTERVAL": r"[1-9]|1[0-2]",
    "BYDAY": rf"(-?[1-5])?{DAY}(,(-?[1-5])?{DAY}){{0,6}}",
    "BYMONTHDAY": r"-?([1-9]|1[0-9]|2[0-8])(,-?([1-9]|1[0-9]|2[0-8])){0,6}",
    "BYSETPOS": r"-?[1-4]",
    "WKST": DAY,
}


class NoSuchTime(Invalid, title="There is no such time"):
    """The clock is put forward over that time."""


class TimeIsPast(Invalid, title="That time is past"):
    """Sessions are planned for times to come."""


class TimeShownTwice(Invalid, title="The clock shows this time twice"):
    """The clock is put back over that time."""


def recurrence(text: str) -> str:
    """`text` if it is a rule of RFC 5545, section 3.3.10, that a slot may have.

    Taken are FREQ=WEEKLY with BYDAY, and FREQ=MONTHLY with either BYDAY (such as 1MO, or weekdays
    of which BYSETPOS picks one) or BYMONTHDAY (1 to 28, or from the end); INTERVAL up to 12,
    counted from the week or month in which the plan starts; WKST. When a plan begins and ends, and
    at what time of day, stands in the plan: DTSTART, UNTIL, COUNT and BYHOUR are not taken.

    Raises:
        ValueError: it is none of those.
    """
    parts = dict(part.partition("=")[::2] for part in text.split(";"))
    if len(parts) != text.count(";") + 1:
        raise ValueError("A part of the rule is given twice.")
    for name, value in parts.items():
        if name not in PARTS:
            raise ValueError(f"Of a rule {', '.join(PARTS)} are taken.")
        if not re.fullmatch(PARTS[name], value):
            raise ValueError(f"{name} is not taken with this value.")
    by_day, numbered = parts.get("BYDAY"), re.search(r"[0-9]", parts.get("BYDAY", ""))
    if parts.get("FREQ") == "WEEKLY":
        fits = by_day is not None and not numbered and not {"BYMONTHDAY", "BYSETPOS"} & set(parts)
    else:
        fits = "FREQ" in parts and (by_day is not None) != ("BYMONTHDAY" in parts)
        fits = fits and ("BYSETPOS" not in parts or (by_day is not None and not numbered))
    if not fits:
        raise ValueError(
            "Give FREQ=WEEKLY with BYDAY, or FREQ=MONTHLY with BYDAY or BYMONTHDAY; BYSETPOS goes "
            "with FREQ=MONTHLY and weekdays without numbers."
        )
    return text


@dataclass(frozen=True, slots=True)
class WallClockSlot:
    """One session of each week. `weekday` 0 is Monday, `starts` is by the site's wall clock and
    `minutes` includes breaks. With a `rule` it is held by that one instead of on a weekday. Slots
    of one time that have a `module` take turns in its order."""

    weekday: int | None
    starts: time
    minutes: int
    rule: str | None = None
    module: int | None = None

    def days(self, starts_on: date, until: date) -> list[date]:
        """Its days from `starts_on` to before `until`."""
        if self.rule is not None:
            first, end = (datetime.combine(day, time()) for day in (starts_on, until))
            found = rrulestr(self.rule, dtstart=first).between(first, end, inc=True)
            return [one.date() for one in found if one < end]
        assert self.weekday is not None  # the schema asks for one of the two
        ahead = (self.weekday - starts_on.weekday()) % 7
        return [starts_on + timedelta(n) for n in range(ahead, (until - starts_on).days, 7)]


@dataclass(frozen=True, slots=True)
class PlannedSession:
    """A session in UTC, the index of its slot, and what the wall clock shows when it begins."""

    slot: int
    local_start: datetime
    starts_at: datetime
    ends_at: datetime


def instant_of(day: date, starts: time, zone: ZoneInfo) -> datetime:
    """The instant at which the wall clock of `zone` shows `starts` on `day`, in UTC.

    A time that the clock skips in spring is read with the offset before the change, so that 02:30
    becomes 03:30; of a time that it shows twice in autumn the first one is taken. That is our
    choice: calendars differ, and RFC 5545, section 3.3.10, drops such a time of a recurrence.
    """
    return datetime.combine(day, starts, zone).replace(fold=0).astimezone(UTC)


def exact_instant(wall: datetime, zone_name: str, fold: int | None = None) -> datetime:
    """The one instant at which the wall clock of the zone shows `wall`, in UTC. Of a time that it
    shows twice `fold` chooses the first (0) or the second (1).

    Raises:
        NoSuchTime, TimeShownTwice: both readings are named.
    """
    zone = ZoneInfo(zone_name)
    one, other = (wall.replace(tzinfo=zone, fold=n).astimezone(UTC) for n in (0, 1))
    if one == other:
        return one
    if one > other:
        raise NoSuchTime(
            f"The clock skips {wall:%H:%M on %Y-%m-%d}. Read by the time before the change it is "
            f"{one.astimezone(zone):%H:%M}, by the one after it {other.astimezone(zone):%H:%M}: "
            "give one of these.",
            pointer="/starts",
        )
    if fold is None:
        raise TimeShownTwice(
            f"The clock shows {wall:%H:%M} twice on {wall:%Y-%m-%d}: at {one:%H:%M} UTC (fold 0) "
            f"and at {other:%H:%M} UTC (fold 1). Give the fold.",
            pointer="/fold",
        )
    return other if fold else one


def plan_between(
    starts_on: date, since: date, until: date, slots: Sequence[WallClockSlot], zone_name: str
) -> list[PlannedSession]:
    """The sessions, from `since` to before `until`, of a plan that starts on a day; in order of
    their start. A slot of a weekday is first held on its first weekday from `starts_on` on, and
    whose turn it is among modules is counted from there.

    A session lasts its minutes in real time, whatever the wall clock does meanwhile.
    """
    zone = ZoneInfo(zone_name)
    turns: dict[object, list[int]] = {}
    for index, slot in enumerate(slots):
        alone = index if slot.module is None else None
        turns.setdefault((replace(slot, module=None), alone), []).append(index)
    planned = []
    for turn in turns.values():
        turn.sort(key=lambda index: slots[index].module or 0)
        for number, day in enumerate(slots[turn[0]].days(starts_on, until)):
            if day >= since:
                slot = slots[index := turn[number % len(turn)]]
                starts_at = instant_of(day, slot.starts, zone)
                times = starts_at, starts_at + timedelta(minutes=slot.minutes)
                planned.append(PlannedSession(index, datetime.combine(day, slot.starts), *times))
    return sorted(planned, key=lambda session: (session.starts_at, session.slot))


def overlapping_slot(sessions: Sequence[PlannedSession]) -> int | None:
    """The slot of the first session that begins before the one ahead of it ends, if there is one.

    `sessions` are in order of their start, as `plan_between` returns them.
    """
    overlapping = (two for one, two in pairwise(sessions) if two.starts_at < one.ends_at)
    return next((session.slot for session in overlapping), None)


def day_bounds(day: date, zone_name: str, last: date | None = None) -> tuple[datetime, datetime]:
    """Midnight of `day` and of the day after, or after the `last` of several, by the wall clock of
    the zone, in UTC.

    A day lasts 23 or 25 hours when the clock changes in between.
    """
    return midnight(day, zone_name), midnight((last or day) + timedelta(days=1), zone_name)


def days_to_come(first: date, last: date, zone: str, now: datetime) -> tuple[datetime, datetime]:
    """The bounds of days that are not over.

    Raises:
        TimeIsPast: the first of them is.
    """
    if first < day_at(now, zone):
        raise TimeIsPast("Give today or a day to come.", pointer="/first_day")
    return day_bounds(first, zone, last)


def may_be_cancelled(starts_at: datetime, zone_name: str, now: datetime, days: int) -> bool:
    """Whether it can still be said that a session was not held: until the end of the last of
    so many `days` after its own, by the calendar of the site."""
    return day_at(now, zone_name) <= day_at(starts_at, zone_name) + timedelta(days=days)
