"""Units of a day by billing code, and what no authorization covers."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.units.policy import billing_codes, booking_policy
from services.scheduling.units.rules import (
    Grant,
    beyond,
    rate_of,
    to_take,
    uncovered,
)
from shared.billing import Service, UnitRule, units_of

CODES = {one.id: one for one in billing_codes()}
GROUP, TALK = Service("group", 165), Service("individual", 50)
MONDAY = date(2026, 3, 2)
DAY = UnitRule(unit="per_diem", minimum_minutes=120)


def units(code: str, *services: Service, payer: str | None = None) -> int:
    return units_of(CODES[code].rule(payer), services)


@pytest.mark.parametrize(
    ("minutes", "day", "hours", "quarters"),
    [(0, 0, 0, 0), (7, 0, 0, 0), (8, 0, 0, 1), (119, 0, 1, 8), (120, 1, 2, 8), (180, 1, 3, 12)],
)
def test_a_day_of_the_program_is_one_unit_hours_or_quarters_by_payer(
    minutes: int, day: int, hours: int, quarters: int
) -> None:
    came = Service("group", minutes)
    assert units("h0015", came) == units("s9480", came) == day
    assert units("h0015", came, payer="commercial-hourly") == hours
    assert units("h0015", came, payer="medicaid-quarter-hours") == quarters
    assert units("h0015", came, payer="nobody-we-know") == day


@pytest.mark.parametrize(
    ("minutes", "expected"), [(15, 0), (16, 1), (22, 1), (23, 2), (37, 2), (38, 3), (60, 4)]
)
def test_individual_counseling_counts_from_16_minutes_and_a_unit_from_its_eighth(
    minutes: int, expected: int
) -> None:
    assert units("h0004", Service("individual", minutes)) == expected


def test_each_code_counts_its_kinds_of_session_only() -> None:
    assert (units("h0004", GROUP), units("h0005", GROUP)) == (0, 1)
    assert (units("h0004", TALK), units("h0005", TALK)) == (3, 0)
    assert units("h0005", GROUP, Service("life_skills", 60)) == 1


@pytest.mark.parametrize(
    ("services", "rate"),
    [
        (0, None),
        (2, "below_three_services"),
        (3, "three_services"),
        (4, "four_or_more_services"),
        (6, "four_or_more_services"),
    ],
)
def test_medicare_pays_a_day_by_its_number_of_services(services: int, rate: str | None) -> None:
    assert rate_of(CODES["medicare-iop-day"].units, [TALK] * services) == rate


def test_every_code_names_its_source_and_nothing_is_taken_for_verified() -> None:
    assert all(code.source and not code.verified for code in CODES.values())
    assert booking_policy().recertify_every_days == 60


def grant(granted: int, used: int = 0, first: int = 0, days: int = 28) -> Grant:
    begins = MONDAY + timedelta(days=first)
    return Grant(DAY, granted, used, begins, begins + timedelta(days=days - 1))


def test_a_second_session_of_a_day_takes_no_second_day() -> None:
    grants = [grant(10)]
    assert to_take(grants, {MONDAY: [GROUP]}, {MONDAY: [TALK]}) == {MONDAY: 0}
    assert to_take(grants, {}, {MONDAY: [GROUP, TALK]}) == {MONDAY: 1}


def test_the_grant_that_expires_first_gives_first_and_what_none_has_is_not_covered() -> None:
    grants = [grant(2, days=7), grant(2, used=1, days=28)]
    wanted = {MONDAY + timedelta(days=n): 1 for n in (0, 1, 2, 8)}
    assert uncovered(grants, wanted) == {MONDAY + timedelta(days=8): 1}


def test_a_day_after_the_last_grant_is_not_covered_whatever_is_left() -> None:
    assert uncovered([grant(10, days=7)], {MONDAY + timedelta(days=7): 1}) == {
        MONDAY + timedelta(days=7): 1
    }


def test_what_was_not_covered_before_is_not_laid_on_who_books_now() -> None:
    day, next_day = MONDAY, MONDAY + timedelta(days=1)
    assert beyond({day: 1}, {day: 1, next_day: 2}) == {next_day: 2}


@given(
    granted=st.integers(1, 20),
    used=st.integers(0, 20),
    wanted=st.dictionaries(st.integers(0, 40), st.integers(1, 4), max_size=12),
)
def test_every_unit_is_given_once_or_not_covered(
    granted: int, used: int, wanted: dict[int, int]
) -> None:
    one = grant(granted, min(used, granted))
    asked = {MONDAY + timedelta(days=n): units for n, units in wanted.items()}
    given_ = sum(asked.values()) - sum(uncovered([one], asked).values())
    within = sum(units for on, units in asked.items() if one.covers(on))
    assert given_ == min(one.left, within)
