"""Alarms before an authorization runs out, by units and by business days."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.authorizations.policy import AlarmPolicy, alarm_policy
from services.intake.authorizations.rules.alarms import (
    by_date,
    by_units,
    certification_causes,
    grant_causes,
    look_again,
)
from services.intake.authorizations.rules.business_days import (
    business_days_before,
    is_business_day,
)

POLICY = alarm_policy()
HOLIDAYS = POLICY.is_closed
FRIDAY = date(2026, 3, 6)


@pytest.mark.parametrize(
    ("granted", "left", "cause"),
    [
        (10, 3, None),
        (10, 2, "units"),
        (10, 1, "units"),
        (10, 0, "exhausted"),
        (12, 3, None),
        (12, 2, "units"),
        (4, 1, None),
        (5, 1, "units"),
        (1, 1, None),
        (1, 0, "exhausted"),
        (9, 2, None),
    ],
)
def test_it_is_told_at_a_fifth_of_the_units_and_at_none(
    granted: int, left: int, cause: str | None
) -> None:
    assert by_units(POLICY, granted, left) == cause


@pytest.mark.parametrize(
    ("today", "cause"),
    [
        (date(2026, 2, 26), None),
        (date(2026, 2, 27), "days"),
        (date(2026, 3, 1), "days"),
        (FRIDAY, "days"),
        (date(2026, 3, 7), "expired"),
    ],
)
def test_it_is_told_five_business_days_ahead_and_when_it_is_over(
    today: date, cause: str | None
) -> None:
    assert by_date(POLICY, FRIDAY, today) == cause


def test_a_holiday_makes_the_warning_a_day_earlier() -> None:
    assert business_days_before(date(2026, 2, 20), 5, HOLIDAYS) == date(2026, 2, 12)
    assert business_days_before(date(2026, 2, 20), 5, lambda _: False) == date(2026, 2, 13)


@given(last=st.dates(date(2020, 1, 1), date(2040, 12, 31)), count=st.integers(0, 30))
def test_the_warning_is_on_a_business_day_with_as_many_left(last: date, count: int) -> None:
    warned = business_days_before(last, count, HOLIDAYS)
    after = [last - timedelta(days=n) for n in range((last - warned).days)]
    assert sum(is_business_day(one, HOLIDAYS) for one in after) == count
    assert is_business_day(warned, HOLIDAYS)


@pytest.mark.parametrize(
    ("name", "year", "on"),
    [
        ("New Year's Day", 2022, date(2021, 12, 31)),
        ("New Year's Day", 2023, date(2023, 1, 2)),
        ("Martin Luther King Jr. Day", 2026, date(2026, 1, 19)),
        ("Memorial Day", 2026, date(2026, 5, 25)),
        ("Juneteenth National Independence Day", 2027, date(2027, 6, 18)),
        ("Independence Day", 2026, date(2026, 7, 3)),
        ("Columbus Day", 2026, date(2026, 10, 12)),
        ("Thanksgiving Day", 2026, date(2026, 11, 26)),
        ("Christmas Day", 2027, date(2027, 12, 24)),
    ],
)
def test_federal_holidays_are_kept_on_the_day_that_offices_are_closed(
    name: str, year: int, on: date
) -> None:
    assert on.year in (year, year - 1)
    assert POLICY.is_closed(on)
    assert not is_business_day(on, HOLIDAYS)
    works = POLICY.model_copy(update={"open_on": (name,)})
    assert is_business_day(on, works.is_closed)


def test_no_other_working_day_of_a_year_is_a_holiday() -> None:
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    closed = [day for day in days if day.isoweekday() < 6 and POLICY.is_closed(day)]
    assert len(closed) == 11


def test_of_units_and_of_date_the_strongest_cause_holds_and_both_may() -> None:
    def causes(left: int, today: date) -> frozenset[str]:
        found = grant_causes(POLICY, granted=10, left=left, last=FRIDAY, today=today)
        return frozenset(found)

    assert causes(5, date(2026, 2, 2)) == frozenset()
    assert causes(2, date(2026, 2, 2)) == {"units"}
    assert causes(0, FRIDAY) == {"exhausted", "days"}
    assert causes(5, date(2026, 3, 7)) == {"expired"}


def test_a_certification_is_asked_for_before_its_sixty_days_are_over() -> None:
    def causes(today: date) -> frozenset[str]:
        return frozenset(certification_causes(POLICY, recertify_by=FRIDAY, today=today))

    assert causes(date(2026, 2, 26)) == frozenset()
    assert causes(date(2026, 2, 27)) == {"recertification_due"}
    assert causes(date(2026, 3, 7)) == {"recertification_overdue"}


@pytest.mark.parametrize("zone", ["America/Denver", "America/Phoenix", "Pacific/Honolulu"])
def test_it_is_looked_at_again_at_the_sites_midnight(zone: str) -> None:
    def at(day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))

    assert look_again(POLICY, FRIDAY, date(2026, 2, 2), zone) == at(date(2026, 2, 27))
    assert look_again(POLICY, FRIDAY, date(2026, 2, 27), zone) == at(date(2026, 3, 7))
    assert look_again(POLICY, FRIDAY, date(2026, 3, 7), zone) is None


def test_a_midnight_after_the_clocks_went_forward_is_an_hour_earlier() -> None:
    last = date(2026, 3, 8)
    again = look_again(POLICY, last, last, "America/Denver")
    assert again is not None
    assert again.utcoffset() == timedelta(hours=-6)
    before = look_again(POLICY, date(2026, 3, 6), date(2026, 3, 6), "America/Denver")
    assert before is not None
    assert before.utcoffset() == timedelta(hours=-7)


def test_a_holiday_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="Diwali is none of Christmas Day"):
        AlarmPolicy.model_validate(POLICY.model_dump() | {"open_on": ["Diwali"]})
