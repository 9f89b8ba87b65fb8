"""The band of ages that is told with an enrolment, at its borders."""

from datetime import date

import pytest

from services.intake.enrolment.policy import AgeBands, age_bands
from services.intake.referrals.rules import age_on

TODAY = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("born", "band"),
    [
        (date(2014, 3, 2), None),
        (date(2014, 3, 1), "adolescent"),
        (date(2008, 3, 2), "adolescent"),
        (date(2008, 3, 1), "young_adult"),
        (date(2008, 2, 29), "young_adult"),
        (date(2000, 3, 2), "young_adult"),
        (date(2000, 3, 1), "adult"),
        (date(1961, 3, 2), "adult"),
        (date(1961, 3, 1), "older_adult"),
    ],
)
def test_a_birthday_moves_somebody_into_the_next_band(born: date, band: str | None) -> None:
    assert age_bands().of(age_on(born, TODAY)) == band


def test_bands_that_begin_at_one_age_are_refused() -> None:
    twice = [{"band": "adult", "from_years": 18}, {"band": "older_adult", "from_years": 18}]
    with pytest.raises(ValueError, match="higher age"):
        AgeBands.model_validate({"id": "a", "version": "1", "source": "s", "bands": twice})
