"""Days on which a payer's office works: Monday to Friday without the days that it is closed."""

from collections.abc import Callable
from datetime import date, timedelta

DAY = timedelta(days=1)
SATURDAY = 6


def is_business_day(on: date, is_closed: Callable[[date], bool]) -> bool:
    """Whether offices work."""
    return on.isoweekday() < SATURDAY and not is_closed(on)


def business_days_before(on: date, count: int, is_closed: Callable[[date], bool]) -> date:
    """The first day from which at most `count` business days are left, `on` being the last.

    The days left are those after the day itself, up to and with `on`.
    """
    day = on
    left = 0
    while True:
        left += is_business_day(day, is_closed)
        if left > count:
            return day
        day -= DAY
