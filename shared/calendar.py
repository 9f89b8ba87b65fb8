"""Days, weeks and spans of time. Pure: instants are aware, a zone is an IANA name.

What a person counts in days or weeks is counted on the calendar of a place, so that no change of
clocks makes a day longer or shorter. What is meant as a length of time is measured in UTC: Python
subtracts wall clocks where two instants share a zone.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

WEEK = re.compile(r"(2[01]\d\d)-W(\d\d)", re.ASCII)


@lru_cache(maxsize=4_096)
def day_at(instant: datetime, time_zone: str) -> date:
    """The date that a calendar on the wall of a place shows."""
    return instant.astimezone(ZoneInfo(time_zone)).date()


def midnight(day: date, time_zone: str) -> datetime:
    """When a day begins at a place, in UTC."""
    return datetime.combine(day, time(), ZoneInfo(time_zone)).astimezone(UTC)


@lru_cache(maxsize=4_096)
def days_later(instant: datetime, days: int, time_zone: str) -> datetime:
    """The same time of day so many days of the calendar later, or earlier when negative; in UTC.

    A time that the clock skips there is read with the offset before the change; of a time shown
    twice the first is taken.
    """
    return (instant.astimezone(ZoneInfo(time_zone)) + timedelta(days=days)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Week:
    """An ISO week. `monday` is a date of the site's calendar."""

    monday: date

    @classmethod
    def parse(cls, text: str) -> "Week":
        """The week that `text` such as `2026-W10` names.

        Raises:
            ValueError: for anything that names no ISO week of the years 2000 to 2199.
        """
        found = WEEK.fullmatch(text)
        if found is None:
            raise ValueError("Write an ISO week, such as 2026-W10.")
        try:
            return cls(date.fromisocalendar(int(found[1]), int(found[2]), 1))
        except ValueError:
            raise ValueError("There is no such ISO week.") from None

    @classmethod
    def of(cls, instant: datetime, zone: str) -> "Week":
        """The week in which `instant` falls by the calendar of `zone`."""
        day = day_at(instant, zone)
        return cls(day - timedelta(days=day.weekday()))

    def bounds(self, zone: str) -> tuple[datetime, datetime]:
        """Monday 00:00 and the next Monday 00:00 by the wall clock of `zone`, in UTC.

        167 or 169 hours apart when the clock changes in between.
        """
        return midnight(self.monday, zone), midnight(self.next.monday, zone)

    @property
    def next(self) -> "Week":
        """The week after."""
        return Week(self.monday + timedelta(days=7))

    def __str__(self) -> str:
        year, week, _ = self.monday.isocalendar()
        return f"{year}-W{week:02d}"


def weeks_spanned(first: date, last: date) -> int:
    """Whole weeks between two days of one calendar, and one: the week that has begun counts."""
    return (last - first).days // 7 + 1


def elapsed(since: datetime, until: datetime) -> timedelta:
    """The real time between two instants, whatever zones they carry."""
    return until.astimezone(UTC) - since.astimezone(UTC)
