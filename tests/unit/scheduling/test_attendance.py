"""Credited minutes, what a status needs, and rates."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.attendance.rules import (
    Meeting,
    Report,
    Tally,
    Unacceptable,
    credited_minutes,
    is_excused,
    rates,
    require_acceptable,
)

START = datetime(2026, 3, 3, 0, 30, tzinfo=UTC)
EVENING = Meeting(START, START + timedelta(minutes=180), 15, 30)
WITHOUT_BREAK = Meeting(START, START + timedelta(minutes=180), 0, 30)
AFTERWARDS = START + timedelta(days=1)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def partial(came: float, left: float) -> Report:
    return Report("partial", at(came), at(left))


def test_present_is_the_session_less_its_breaks() -> None:
    assert credited_minutes(Report("present"), EVENING) == 165
    assert credited_minutes(Report("present"), WITHOUT_BREAK) == 180


@pytest.mark.parametrize(("day", "minutes"), [("2026-03-08", 180), ("2026-11-01", 300)])
def test_a_night_in_which_the_clocks_change_is_credited_by_its_real_minutes(
    day: str, minutes: int
) -> None:
    """From 1 to 5 by the clock in Denver, which skips an hour or shows one twice."""
    starts_at, ends_at = (
        datetime.fromisoformat(f"{day} {at}").replace(tzinfo=ZoneInfo("America/Denver"))
        for at in ("01:00", "05:00")
    )
    night = Meeting(starts_at, ends_at, 0, 30)
    assert credited_minutes(Report("present"), night) == minutes
    assert credited_minutes(Report("partial", starts_at, ends_at), night) == minutes


@pytest.mark.parametrize("status", ["excused_absence", "late_cancel", "no_show"])
def test_a_miss_is_credited_with_nothing(status: str) -> None:
    assert credited_minutes(Report(status), EVENING) == 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("came", "left", "credited"),
    [
        (20, 180, 160),
        (-30, 90, 90),
        (60, 400, 120),
        (0, 30, 30),
        (0, 29.9, 0),
    ],
)
def test_partial_is_the_time_within_the_session_and_nothing_below_the_least(
    came: float, left: float, credited: int
) -> None:
    assert credited_minutes(partial(came, left), WITHOUT_BREAK) == credited


@pytest.mark.parametrize(("came", "left", "credited"), [(0, 180, 165), (0, 90, 82), (0, 36, 33)])
def test_partial_bears_its_share_of_the_breaks(came: float, left: float, credited: int) -> None:
    assert credited_minutes(partial(came, left), EVENING) == credited


@given(came=st.integers(-60, 179), stayed=st.integers(1, 300))
def test_partial_is_never_credited_more_than_present(came: int, stayed: int) -> None:
    minutes = credited_minutes(partial(came, came + stayed), EVENING)
    assert 0 <= minutes <= EVENING.scheduled_minutes
    assert minutes == 0 or minutes >= EVENING.min_minutes_for_credit


@pytest.mark.parametrize(
    ("report", "field"),
    [
        (Report("partial", None, at(90)), "checked_in_at"),
        (Report("partial", at(0), None), "checked_out_at"),
        (partial(90, 90), "checked_out_at"),
        (partial(90, 60), "checked_out_at"),
        (partial(0, 60 * 48), "checked_out_at"),
        (partial(180, 200), "checked_in_at"),
        (partial(-60, 0), "checked_out_at"),
        (partial(-60 * 13, 60), "checked_in_at"),
        (Report("present", at(0), None), "checked_in_at"),
        (Report("no_show", None, at(90)), "checked_out_at"),
    ],
)
def test_instants_that_do_not_go_with_the_status_are_refused(report: Report, field: str) -> None:
    with pytest.raises(Unacceptable) as refused:
        require_acceptable(report, EVENING, AFTERWARDS)
    assert refused.value.field == field


def test_instants_that_go_with_the_status_are_taken() -> None:
    require_acceptable(partial(-10, 190), EVENING, AFTERWARDS)
    require_acceptable(Report("late_cancel"), EVENING, AFTERWARDS)


def test_only_an_excused_absence_is_excused() -> None:
    assert is_excused("excused_absence")
    assert not is_excused("late_cancel")
    assert not is_excused("no_show")


def test_twelve_appointments_of_which_the_program_cancelled_one() -> None:
    found = rates(Tally(credited=9, excused=1, no_show=1, withdrawn=1))
    assert found.attendance == Fraction(9, 11)
    assert found.attendance_excused_out == Fraction(9, 10)
    assert found.no_show == Fraction(1, 11)


def test_without_appointments_there_is_no_rate() -> None:
    found = rates(Tally(withdrawn=3))
    assert (found.attendance, found.attendance_excused_out, found.no_show) == (None, None, None)


def test_only_excused_absences_leave_no_whole_to_share_without_them() -> None:
    found = rates(Tally(excused=2))
    assert found.attendance == 0
    assert found.attendance_excused_out is None


def test_partial_without_credit_lowers_the_rate() -> None:
    assert rates(Tally(credited=1, uncredited=1)).attendance == Fraction(1, 2)
