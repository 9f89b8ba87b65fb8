"""Who can be taken as a client."""

from datetime import date

OLDEST_YEARS = 120
"""A birth date further back is a slip of the pen."""


def age_on(birth_date: date, day: date) -> int:
    """Whole years of life completed on `day`; negative before birth.

    Somebody born on 29 February completes a year on 1 March of other years.
    """
    before_birthday = (day.month, day.day) < (birth_date.month, birth_date.day)
    return day.year - birth_date.year - before_birthday


def is_possible_birth_date(birth_date: date, day: date) -> bool:
    """Whether somebody alive on `day` can be born on `birth_date`."""
    return 0 <= age_on(birth_date, day) <= OLDEST_YEARS
