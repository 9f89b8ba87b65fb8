"""Weeks of the site's calendar, and the hours that make a level of care."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.attendance.rules import Meeting, Report, Status, credited_minutes
from services.scheduling.hours.policy import level_hours, session_kinds
from services.scheduling.hours.rules import Week, level_of, meets_minimum

ADULT = level_hours().populations["adult"].minimum_minutes
ADOLESCENT = level_hours().populations["adolescent"].minimum_minutes
START = datetime(2026, 3, 3, 0, 30, tzinfo=UTC)


def three_hours(break_minutes: int = 0) -> Meeting:
    return Meeting(START, START + timedelta(minutes=180), break_minutes, 30)


def attended(meeting: Meeting, *statuses: Status) -> int:
    return sum(credited_minutes(Report(status), meeting) for status in statuses)


def test_three_times_three_hours_are_nine_and_meet_the_level() -> None:
    minutes = attended(three_hours(), "present", "present", "present")
    assert minutes == 9 * 60
    assert meets_minimum(minutes, "2.1", ADULT)


def test_a_quarter_of_an_hour_of_break_each_day_makes_it_less_than_nine() -> None:
    minutes = attended(three_hours(15), "present", "present", "present")
    assert minutes == 8.25 * 60
    assert not meets_minimum(minutes, "2.1", ADULT)


def test_a_make_up_session_in_the_same_week_makes_up_for_a_no_show() -> None:
    assert attended(three_hours(), "present", "present", "no_show", "present") == 9 * 60


def test_six_hours_are_enough_by_the_rule_for_adolescents_only() -> None:
    assert meets_minimum(6 * 60, "2.1", ADOLESCENT)
    assert not meets_minimum(6 * 60, "2.1", ADULT)


@pytest.mark.parametrize(
    ("hours", "level"), [(8.99, None), (9, "2.1"), (19, "2.1"), (19.9, "2.1"), (20, "2.5")]
)
def test_nineteen_hours_are_level_2_1_and_twenty_are_2_5(hours: float, level: str | None) -> None:
    assert level_of(int(hours * 60), ADULT) == level


@pytest.mark.parametrize(
    ("zone", "hours"),
    [("America/New_York", 167), ("America/Denver", 167), ("America/Phoenix", 168)],
)
def test_the_week_of_8_march_2026_is_an_hour_short_where_the_clock_changes(
    zone: str, hours: int
) -> None:
    first, last = Week.parse("2026-W10").bounds(zone)
    assert first == datetime(2026, 3, 2, tzinfo=ZoneInfo(zone))
    assert last == datetime(2026, 3, 9, tzinfo=ZoneInfo(zone))
    assert last - first == timedelta(hours=hours)


def test_sunday_evening_at_the_site_is_in_its_week_though_it_is_monday_in_utc() -> None:
    sunday_evening = datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
    assert str(Week.of(sunday_evening, "America/Denver")) == "2026-W10"
    assert str(Week.of(sunday_evening, "UTC")) == "2026-W11"


def test_the_first_days_of_january_may_belong_to_the_last_week_of_the_year_before() -> None:
    assert Week.parse("2026-W53").monday == date(2026, 12, 28)
    assert str(Week.of(datetime(2027, 1, 1, 12, tzinfo=UTC), "UTC")) == "2026-W53"


@pytest.mark.parametrize(
    "text", ["2026-W00", "2026-W54", "2025-W53", "2026W10", "2026-10", "1999-W10", "", "2026-W1"]
)
def test_what_names_no_week_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="ISO week"):
        Week.parse(text)


@given(
    minutes=st.integers(0, 15 * 366 * 24 * 60),
    zone=st.sampled_from(["America/New_York", "America/Phoenix", "Pacific/Honolulu", "UTC"]),
)
def test_every_instant_lies_in_exactly_its_week(minutes: int, zone: str) -> None:
    instant = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    week = Week.of(instant, zone)
    first, last = week.bounds(zone)
    assert first <= instant < last
    assert Week.parse(str(week)) == week


def test_every_kind_of_session_has_its_data_and_a_source() -> None:
    kinds = session_kinds()
    assert set(kinds.counting) == {
        "group",
        "individual",
        "psychoeducation",
        "life_skills",
        "family",
    }
    assert kinds.source
    assert all(one.source for one in level_hours().populations.values())
