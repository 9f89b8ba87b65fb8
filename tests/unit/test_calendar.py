"""Days and weeks on the wall of a place, and real time between two instants."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared.calendar import day_at, days_later, elapsed, weeks_spanned

DENVER = "America/Denver"


def by_clock(text: str, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(DENVER), fold=fold)


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2026-03-03T01:30:00+00:00", date(2026, 3, 2)),
        ("2026-03-08T06:59:59+00:00", date(2026, 3, 7)),
        ("2026-03-09T05:59:59+00:00", date(2026, 3, 8)),
        ("2026-11-02T06:59:59+00:00", date(2026, 11, 1)),
    ],
)
def test_a_day_lasts_from_midnight_to_midnight_of_the_place(instant: str, day: date) -> None:
    assert day_at(datetime.fromisoformat(instant), DENVER) == day


@pytest.mark.parametrize(
    ("since", "days", "until", "hours"),
    [
        ("2026-03-01 18:30", 14, "2026-03-15 18:30", 14 * 24 - 1),
        ("2026-10-25 18:30", 14, "2026-11-08 18:30", 14 * 24 + 1),
        ("2026-03-15 18:30", -14, "2026-03-01 18:30", 1 - 14 * 24),
        ("2026-03-07 02:30", 1, "2026-03-08 03:30", 24),
        ("2026-10-31 01:30", 1, "2026-11-01 01:30", 24),
        ("2026-06-01 18:30", 0, "2026-06-01 18:30", 0),
    ],
)
def test_days_later_the_clock_shows_the_same_time(
    since: str, days: int, until: str, hours: int
) -> None:
    found = days_later(by_clock(since), days, DENVER)
    assert (found, found.tzinfo) == (by_clock(until).astimezone(UTC), UTC)
    assert found - by_clock(since).astimezone(UTC) == timedelta(hours=hours)


def test_a_time_that_is_shown_twice_is_the_first_one_days_later() -> None:
    first = by_clock("2026-11-01 01:30").astimezone(UTC)
    assert days_later(by_clock("2026-10-25 01:30", fold=1), 7, DENVER) == first
    assert days_later(by_clock("2026-11-08 01:30"), -7, DENVER) == first


@pytest.mark.parametrize(("days", "weeks"), [(0, 1), (6, 1), (7, 2), (13, 2), (14, 3), (364, 53)])
def test_a_week_that_has_begun_counts(days: int, weeks: int) -> None:
    first = date(2026, 3, 2)
    assert weeks_spanned(first, first + timedelta(days=days)) == weeks


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [
        ("2026-03-07 12:00", "2026-03-08 12:00", 23),
        ("2026-10-31 12:00", "2026-11-01 12:00", 25),
        ("2026-06-01 12:00", "2026-06-02 12:00", 24),
        ("2026-03-08 12:00", "2026-03-07 12:00", -23),
    ],
)
def test_the_real_time_between_two_times_of_one_zone_knows_the_change_of_clocks(
    since: str, until: str, hours: int
) -> None:
    assert elapsed(by_clock(since), by_clock(until)) == timedelta(hours=hours)
    assert elapsed(by_clock(since).astimezone(UTC), by_clock(until)) == timedelta(hours=hours)
