"""Days of a site, until when a session can be cancelled, and what is in no whole."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.attendance.rules import held, rates
from services.scheduling.sessions.policy import cancellation_policy
from services.scheduling.sessions.rules import day_bounds, may_be_cancelled

ZONES = ("America/Denver", "America/New_York", "America/Phoenix", "Pacific/Auckland")
DENVER = "America/Denver"
NEW_YEAR = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 3, 7), 24), (date(2026, 3, 8), 23), (date(2026, 11, 1), 25)],
)
def test_a_day_of_a_site_has_the_hours_of_its_clock(day: date, hours: int) -> None:
    begins, ends = day_bounds(day, DENVER)
    assert ends - begins == timedelta(hours=hours)
    assert begins.astimezone(ZoneInfo(DENVER)).isoformat()[:16] == f"{day}T00:00"


@given(
    st.integers(0, 10 * 366 * 24 * 60).map(lambda minutes: NEW_YEAR + timedelta(minutes=minutes)),
    st.sampled_from(ZONES),
)
def test_every_instant_is_in_the_day_that_the_wall_clock_shows(at: datetime, zone: str) -> None:
    begins, ends = day_bounds(at.astimezone(ZoneInfo(zone)).date(), zone)
    assert begins <= at < ends


@pytest.mark.parametrize(
    ("now", "days", "possible"),
    [
        ("2026-03-03T06:59:59+00:00", 0, True),
        ("2026-03-03T07:00:00+00:00", 0, False),
        ("2026-02-23T00:00:00+00:00", 0, True),
        # The clock changes on 8 March: seven days later are 23 hours fewer than seven times 24.
        ("2026-03-10T05:59:59+00:00", 7, True),
        ("2026-03-10T06:00:00+00:00", 7, False),
    ],
)
def test_until_when_a_session_can_be_cancelled(now: str, days: int, possible: bool) -> None:
    starts_at = datetime(2026, 3, 3, 0, 30, tzinfo=UTC)  # 2 March, 17:30 in Denver
    assert may_be_cancelled(starts_at, DENVER, datetime.fromisoformat(now), days) is possible


def test_what_is_not_held_or_on_hold_is_in_no_whole() -> None:
    tally = Counter(credited=9, excused=1, no_show=1, not_held=1, on_hold=2, withdrawn=3)
    found = rates(tally)
    assert held(tally) == 11
    assert found["attendance_rate"] == Fraction(9, 11)
    assert found["attendance_rate_excused_out"] == Fraction(9, 10)
    assert found["no_show_rate"] == Fraction(1, 11)
    assert rates(Counter(not_held=3, on_hold=1))["attendance_rate"] is None


def test_there_is_one_policy_with_its_source() -> None:
    assert (cancellation_policy().days_afterwards, cancellation_policy().version) == (14, "1")
    assert cancellation_policy().source
