"""Weeks of the site's calendar, and the hours that make a level of care."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.attendance.policy import attendance_policy
from services.scheduling.attendance.rules import Meeting, Report, Status, credited_minutes
from services.scheduling.hours.policy import level_hours, session_kinds, week_policy
from services.scheduling.hours.rules import (
    Asked,
    Seat,
    Standing,
    Sums,
    Told,
    Window,
    asked_of,
    judge,
    level_of,
    meets_minimum,
    share_of,
    word_of,
)
from shared.calendar import Week

ADULT = level_hours().populations["adult"].minimum_minutes
ADOLESCENT = level_hours().populations["adolescent"].minimum_minutes
START = datetime(2026, 3, 3, 0, 30, tzinfo=UTC)


def three_hours(break_minutes: int = 0) -> Meeting:
    return Meeting(START, START + timedelta(minutes=180), break_minutes, 30, attendance_policy())


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


NINE_ON_THREE = asked_of([], 1, level_hours().populations["adult"])
WHOLE = Fraction(1)
PRORATED = week_policy().model_copy(
    update={"stay_began_or_ended": "prorated", "on_hold": "prorated"}
)


def credited(minutes: int, days: int, open_minutes: int = 0, open_days: int = 0) -> Sums:
    return Sums(
        sessions=days + open_days,
        attended_minutes=minutes,
        attended_days=days,
        open_minutes=open_minutes,
        forecast_days=days + open_days,
    )


@pytest.mark.parametrize(
    ("sums", "during", "settled", "missing"),
    [
        (credited(540, 3), "met", "met", (0, 0)),
        (credited(495, 3), "at_risk", "short", (45, 0)),
        (credited(540, 2), "at_risk", "short", (0, 1)),
        (credited(360, 2, 180, 1), "on_track", "short", (180, 1)),
        (credited(0, 0), "at_risk", "short", (540, 3)),
    ],
)
def test_a_week_is_forecast_by_what_is_planned_and_settled_by_what_is_credited(
    sums: Sums, during: Standing, settled: Standing, missing: tuple[int, int]
) -> None:
    assert judge(sums, NINE_ON_THREE, WHOLE, final=False).standing == during
    found = judge(sums, NINE_ON_THREE, WHOLE, final=True)
    assert (found.standing, found.missing_minutes, found.missing_days) == (settled, *missing)


def test_a_made_up_session_counts_in_the_week_in_which_it_is_held() -> None:
    minutes = attended(three_hours(), "present", "present", "no_show", "present")
    assert judge(credited(minutes, 3), NINE_ON_THREE, WHOLE, final=True).standing == "met"


def test_the_phase_says_what_a_week_asks_for_and_the_level_what_it_leaves_open() -> None:
    level = level_hours().populations["adult"]
    phases = [{"minimum_minutes": 720, "maximum_minutes": 900, "minimum_days": 4}, {"weeks": 4}]
    assert asked_of(phases, 1, level) == Asked(720, 900, 4)
    assert asked_of(phases, 2, level) == asked_of(phases, 3, level) == Asked(540, 1140, 3)
    adolescent = asked_of([], 1, level_hours().populations["adolescent"])
    assert judge(credited(360, 2), adolescent, WHOLE, final=True).standing == "met"
    assert judge(credited(360, 2), NINE_ON_THREE, WHOLE, final=True).standing == "short"


ZONE = "America/Denver"
WEEK = Week.parse("2026-W10")
MONDAY, NEXT_MONDAY = WEEK.bounds(ZONE)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("seat", "sums", "by_default", "prorated"),
    [
        (Seat(MONDAY - DAY, None, None), credited(0, 3), 1, 1),
        (Seat(MONDAY, NEXT_MONDAY, None), credited(0, 3), 1, 1),
        (Seat(MONDAY + 2 * DAY, None, None), credited(0, 3), 0, Fraction(5, 7)),
        (Seat(MONDAY - DAY, MONDAY + 3 * DAY, None), credited(0, 3), 0, Fraction(4, 7)),
        (Seat(MONDAY - DAY, MONDAY - DAY / 2, None), credited(0, 0), 0, 0),
        (Seat(MONDAY - DAY, None, NEXT_MONDAY), credited(0, 3), 1, 1),
        (Seat(MONDAY - DAY, None, MONDAY), Sums(sessions_on_hold=3), 0, 0),
        (Seat(MONDAY - DAY, None, None), Sums(sessions=2, sessions_on_hold=1), 0, Fraction(2, 3)),
        (Seat(MONDAY - DAY, None, None, was_held=True), credited(0, 3), 0, 1),
    ],
)
def test_a_part_of_a_week_is_not_judged_or_by_its_share(
    seat: Seat, sums: Sums, by_default: int, prorated: Fraction
) -> None:
    assert share_of(WEEK, ZONE, seat, sums, week_policy()) == by_default
    assert share_of(WEEK, ZONE, seat, sums, PRORATED) == prorated


def test_a_share_of_minutes_is_rounded_up_and_one_of_days_down() -> None:
    asked = judge(Sums(), NINE_ON_THREE, Fraction(5, 7), final=True).asked
    assert (asked.minimum_minutes, asked.minimum_days) == (386, 2)
    assert judge(Sums(), NINE_ON_THREE, Fraction(0), final=True).standing == "not_judged"


@pytest.mark.parametrize(
    ("zone", "settled"),
    [
        ("America/New_York", datetime(2026, 3, 10, 16, tzinfo=UTC)),
        ("America/Denver", datetime(2026, 3, 10, 18, tzinfo=UTC)),
        ("America/Phoenix", datetime(2026, 3, 10, 19, tzinfo=UTC)),
        ("America/St_Johns", datetime(2026, 3, 10, 14, 30, tzinfo=UTC)),
        ("Europe/London", datetime(2026, 3, 10, 12, tzinfo=UTC)),
    ],
)
def test_a_week_is_settled_on_tuesday_noon_of_the_site_also_after_a_change_of_clocks(
    zone: str, settled: datetime
) -> None:
    window = Window.of(WEEK, zone, week_policy())
    assert window.final_at == settled
    assert window.warn_from == Week.parse("2026-W09").bounds(zone)[0]
    last = window.warn_until.astimezone(ZoneInfo(zone))
    assert (last.date(), last.hour) == (date(2026, 3, 8), 0)


def test_the_week_after_the_last_of_a_long_year_is_the_first_of_the_next() -> None:
    assert str(Week.parse("2026-W53").next) == "2027-W01"
    assert str(Week.parse("2025-W52").next) == "2026-W01"


WINDOW = Window.of(WEEK, ZONE, week_policy())


@pytest.mark.parametrize(
    ("standing", "told", "now", "expected"),
    [
        ("at_risk", None, WINDOW.warn_from - DAY, None),
        ("at_risk", None, WINDOW.warn_from, "at_risk"),
        ("at_risk", None, WINDOW.warn_until, "at_risk"),
        ("at_risk", None, WINDOW.warn_until + DAY / 2, None),
        ("at_risk", "at_risk", WINDOW.warn_until + DAY / 2, "at_risk"),
        ("on_track", "at_risk", MONDAY, None),
        ("met", "at_risk", MONDAY, None),
        ("not_judged", "at_risk", MONDAY, None),
        ("short", None, WINDOW.final_at, "short"),
        ("short", "at_risk", WINDOW.final_at, "short"),
        ("met", "short", WINDOW.final_at, None),
    ],
)
def test_the_last_word_on_a_week_is_what_holds(
    standing: Standing, told: Told, now: datetime, expected: Told
) -> None:
    assert word_of(standing, told, now, WINDOW) == expected
