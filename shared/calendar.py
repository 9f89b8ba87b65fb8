"""Days, weeks and spans of time. Pure: instants are aware, a zone is an IANA name.

What a person counts in days or weeks is counted on the calendar of a place, so that no change of
clocks makes a day longer or shorter. What is meant as a length of time is measured in UTC: Python
subtracts wall clocks where two instants share a zone.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


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


def weeks_spanned(first: date, last: date) -> int:
    """Whole weeks between two days of one calendar, and one: the week that has begun counts."""
    return (last - first).days // 7 + 1


def elapsed(since: datetime, until: datetime) -> timedelta:
    """The real time between two instants, whatever zones they carry."""
    return until.astimezone(UTC) - since.astimezone(UTC)
