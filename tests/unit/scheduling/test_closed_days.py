"""Holidays are proposed by subdivision; leave in days is of days as long as they are at home."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.scheduling.directory.rules import SubdivisionNeeded, leave_time, proposed


@pytest.mark.parametrize("subdivision", ["US-CO", "US-CA", "US-TX", "US-XX"])
def test_a_saturday_holiday_is_proposed_with_the_day_on_which_it_is_observed(
    subdivision: str,
) -> None:
    """The library moves it in every state, California and Texas too: so a site confirms it."""
    kinds = {one.day: one.kind for one in proposed(subdivision, 2027)}
    assert kinds[date(2027, 6, 19)] == "holiday"
    assert kinds[date(2027, 6, 18)] == "observed_holiday"


def test_a_day_that_is_a_holiday_by_itself_is_not_marked_as_observed() -> None:
    """In Texas 24 December 2027 is Christmas Eve, and Christmas Day is observed on it."""
    (eve,) = [one for one in proposed("US-TX", 2027) if one.day == date(2027, 12, 24)]
    assert (eve.kind, "Christmas Eve" in eve.name) == ("holiday", True)


def test_an_observed_day_of_the_next_year_belongs_to_the_year_in_which_it_is() -> None:
    days = [one.day for one in proposed("US-CO", 2027)]
    assert days == sorted(set(days))
    assert days[-1] == date(2027, 12, 31)
    assert {day.year for day in days} == {2027}


def test_each_state_has_its_own_days() -> None:
    assert date(2026, 10, 5) in [one.day for one in proposed("US-CO", 2026)]  # Cabrini Day
    assert date(2026, 10, 5) not in [one.day for one in proposed("US-AZ", 2026)]


def test_a_country_without_a_calendar_is_told_apart_from_one_without_holidays() -> None:
    with pytest.raises(SubdivisionNeeded):
        proposed("ZZ-1", 2026)


@pytest.mark.parametrize(
    ("zone", "first", "hours"),
    [
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/New_York", date(2026, 11, 1), 25),
        ("America/Phoenix", date(2026, 3, 8), 24),
        ("America/St_Johns", date(2026, 11, 1), 25),
        ("Europe/London", date(2026, 3, 29), 23),
    ],
)
def test_a_day_of_leave_is_as_long_as_the_day(zone: str, first: date, hours: int) -> None:
    starts_at, ends_at = leave_time(first, first, zone)
    assert ends_at - starts_at == timedelta(hours=hours)


def test_leave_may_begin_at_noon_and_last_through_a_day() -> None:
    noon = datetime(2026, 7, 6, 18, tzinfo=UTC)
    assert leave_time(noon, date(2026, 7, 7), "America/Denver") == (
        noon,
        datetime(2026, 7, 8, 6, tzinfo=UTC),
    )
