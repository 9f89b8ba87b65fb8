"""Days on which a payer's office works: Monday to Friday without federal holidays."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Protocol


class Holiday(Protocol):
    """A day of the year by its date, or the nth (-1: last) ISO weekday of a month."""

    @property
    def month(self) -> int: ...
    @property
    def day(self) -> int | None: ...
    @property
    def weekday(self) -> int | None: ...
    @property
    def nth(self) -> int | None: ...


DAY = timedelta(days=1)
SATURDAY, SUNDAY = 6, 7


def kept_on(holiday: Holiday, year: int) -> date:
    """The day off in a year. By date, Saturday's is kept on Friday and Sunday's on Monday.

    Source: 5 U.S.C. 6103(b); Executive Order 11582, section 3.
    """
    if holiday.day is not None:
        fixed = date(year, holiday.month, holiday.day)
        return fixed + DAY * {SATURDAY: -1, SUNDAY: 1}.get(fixed.isoweekday(), 0)
    weekday, nth = holiday.weekday or 1, holiday.nth or 1
    if nth < 0:
        following = date(year + holiday.month // 12, holiday.month % 12 + 1, 1)
        last = following - DAY
        return last - DAY * ((last.isoweekday() - weekday) % 7)
    first = date(year, holiday.month, 1)
    return first + DAY * ((weekday - first.isoweekday()) % 7 + 7 * (nth - 1))


def is_business_day(on: date, holidays: Sequence[Holiday]) -> bool:
    """Whether offices work. New Year's Day may be kept on the last day of the year before."""
    return on.isoweekday() < SATURDAY and not any(
        kept_on(one, year) == on for one in holidays for year in (on.year, on.year + 1)
    )


def business_days_before(on: date, count: int, holidays: Sequence[Holiday]) -> date:
    """The first day from which at most `count` business days are left, `on` being the last.

    The days left are those after the day itself, up to and with `on`.
    """
    day = on
    left = 0
    while True:
        left += is_business_day(day, holidays)
        if left > count:
            return day
        day -= DAY
