"""Credited minutes, what a status needs, and rates."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.attendance.policy import Timing
from services.scheduling.attendance.rules import (
    ImpossibleAttendance,
    Meeting,
    Report,
    away,
    credited_minutes,
    is_excused,
    is_in_time,
    rates,
    report_of,
    require_acceptable,
    require_check_in,
    require_check_out,
)
from shared.calendar import Week

START = datetime(2026, 3, 3, 0, 30, tzinfo=UTC)


def timing(*minutes: int) -> Timing:
    return Timing(**dict(zip(Timing.model_fields, minutes, strict=True)))


STRICT = timing(0, 0, 720, 720)
EVENING = Meeting(START, START + timedelta(minutes=180), 15, 30, STRICT)
WITHOUT_BREAK = Meeting(START, START + timedelta(minutes=180), 0, 30, STRICT)
GRACE = Meeting(START, START + timedelta(minutes=180), 15, 30, timing(5, 10, 60, 30))
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
    night = Meeting(starts_at, ends_at, 0, 30, STRICT)
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
    with pytest.raises(ImpossibleAttendance) as refused:
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
    found = rates(Counter(credited=9, excused=1, no_show=1, withdrawn=1))
    assert found["attendance_rate"] == Fraction(9, 11)
    assert found["attendance_rate_excused_out"] == Fraction(9, 10)
    assert found["no_show_rate"] == Fraction(1, 11)


def test_without_appointments_there_is_no_rate() -> None:
    found = rates(Counter(withdrawn=3))
    assert set(found.values()) == {None}


def test_only_excused_absences_leave_no_whole_to_share_without_them() -> None:
    found = rates(Counter(excused=2))
    assert found["attendance_rate"] == 0
    assert found["attendance_rate_excused_out"] is None


def test_partial_without_credit_lowers_the_rate() -> None:
    assert rates(Counter(credited=1, uncredited=1))["attendance_rate"] == Fraction(1, 2)


@pytest.mark.parametrize(
    ("came", "left", "report"),
    [
        (-20, None, Report("present")),
        (5.9, None, Report("present")),
        (6, None, partial(6, 180)),
        (0, 170, Report("present")),
        (0, 169, partial(0, 169)),
        (20, 100, partial(20, 100)),
        (0, 400, Report("present")),
        (None, None, Report("no_show")),
        (180, None, Report("no_show")),
        (-20, 0, Report("no_show")),
        (-60 * 13, None, Report("no_show")),
    ],
)
def test_a_roll_says_what_check_ins_say(
    came: float | None, left: float | None, report: Report
) -> None:
    found = report_of(None if came is None else at(came), None if left is None else at(left), GRACE)
    assert found == report


@given(came=st.integers(-900, 400), stayed=st.none() | st.integers(1, 900))
def test_what_check_ins_say_is_always_acceptable_and_never_more_than_the_session(
    came: int, stayed: int | None
) -> None:
    report = report_of(at(came), None if stayed is None else at(came + stayed), GRACE)
    require_acceptable(report, GRACE, at(180))
    assert credited_minutes(report, GRACE) <= GRACE.scheduled_minutes


@pytest.mark.parametrize(
    ("report", "minutes"),
    [
        (partial(20, 180), (20, 0)),
        (partial(5, 120), (0, 60)),
        (partial(-10, 170), (0, 0)),
        (partial(30.9, 169.5), (30, 0)),
        (Report("present"), (0, 0)),
    ],
)
def test_minutes_late_and_left_early_are_those_beyond_the_grace(
    report: Report, minutes: tuple[int, int]
) -> None:
    assert away(report, GRACE) == minutes


def test_attendance_is_not_longer_than_its_session() -> None:
    require_acceptable(partial(0, 210), GRACE, AFTERWARDS)
    with pytest.raises(ImpossibleAttendance, match="not longer"):
        require_acceptable(partial(0, 210.1), GRACE, AFTERWARDS)


@pytest.mark.parametrize(("minutes", "now"), [(-60.1, 0), (180, 200), (10.1, 10)])
def test_nobody_checks_in_before_it_opens_after_the_end_or_in_the_future(
    minutes: float, now: float
) -> None:
    with pytest.raises(ImpossibleAttendance):
        require_check_in(at(minutes), GRACE, at(now))
    require_check_in(at(-60), GRACE, at(now))


@pytest.mark.parametrize(("minutes", "now"), [(-5, 300), (0, 300), (210.1, 300), (50.1, 50)])
def test_nobody_checks_out_before_the_check_in_or_the_session_or_long_after_it(
    minutes: float, now: float
) -> None:
    with pytest.raises(ImpossibleAttendance):
        require_check_out(at(minutes), at(-5), GRACE, at(now))
    require_check_out(at(1), at(-5), GRACE, at(now))


@pytest.mark.parametrize("status", ["excused_absence", "late_cancel", "no_show"])
def test_only_who_came_makes_up_for_a_miss(status: str) -> None:
    report = Report(status, makes_up=UUID(int=1))  # type: ignore[arg-type]
    with pytest.raises(ImpossibleAttendance) as refused:
        require_acceptable(report, EVENING, AFTERWARDS)
    assert refused.value.field == "makes_up"


@pytest.mark.parametrize(
    ("made_up", "apart", "in_time"),
    [
        ("2026-W53", 0, True),
        ("2027-W01", 0, False),
        ("2027-W01", 1, True),
        ("2026-W52", 1, True),
        ("2026-W51", 1, False),
        ("2026-W53", None, False),
    ],
)
def test_a_miss_is_made_up_within_the_weeks_of_the_policy(
    made_up: str, apart: int | None, in_time: bool
) -> None:
    assert is_in_time(Week.parse("2026-W53"), Week.parse(made_up), apart) is in_time
