"""Who can be taken as a client."""

from datetime import date

import pytest

from services.intake.referrals.rules import age_on, is_possible_birth_date


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(1990, 6, 15), date(2026, 6, 14), 35),
        (date(1990, 6, 15), date(2026, 6, 15), 36),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2026, 3, 2), date(2026, 3, 1), -1),
    ],
)
def test_age_in_completed_years(born: date, day: date, age: int):
    assert age_on(born, day) == age


def test_nobody_is_born_in_the_future_or_very_long_ago():
    today = date(2026, 3, 2)
    assert is_possible_birth_date(date(1950, 1, 1), today)
    assert not is_possible_birth_date(date(2026, 3, 3), today)
    assert not is_possible_birth_date(date(1890, 1, 1), today)
