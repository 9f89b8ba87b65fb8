"""A weekly plan keeps the site's wall clock, whatever the clock changes do."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.scheduling.sessions.rules import (
    NoSuchTime,
    PlannedSession,
    TimeShownTwice,
    WallClockSlot,
    exact_instant,
    instant_of,
    overlapping_slot,
    plan_between,
    recurrence,
)
from services.scheduling.sessions.schemas import NewCurriculum, Slot

EVENING = WallClockSlot(weekday=0, starts=time(17, 30), minutes=180)
SECOND_OF_MARCH = date(2026, 3, 2)


def plan_sessions(
    starts_on: date, weeks: int, slots: list[WallClockSlot], zone: str
) -> list[PlannedSession]:
    """Every session of a plan of so many weeks."""
    return plan_between(starts_on, starts_on, starts_on + timedelta(weeks=weeks), slots, zone)


@pytest.mark.parametrize(
    ("zone", "before", "after"),
    [
        ("America/New_York", "2026-03-02T22:30", "2026-03-09T21:30"),
        ("America/Denver", "2026-03-03T00:30", "2026-03-09T23:30"),
        ("America/Phoenix", "2026-03-03T00:30", "2026-03-10T00:30"),
    ],
)
def test_half_past_five_stays_half_past_five_when_the_clock_changes_in_march(
    zone: str, before: str, after: str
) -> None:
    planned = plan_sessions(SECOND_OF_MARCH, 2, [EVENING], zone)
    assert [s.starts_at for s in planned] == [
        datetime.fromisoformat(before).replace(tzinfo=UTC),
        datetime.fromisoformat(after).replace(tzinfo=UTC),
    ]
    assert {s.ends_at - s.starts_at for s in planned} == {timedelta(minutes=180)}
    assert {s.starts_at.astimezone(ZoneInfo(zone)).time() for s in planned} == {time(17, 30)}


def test_a_time_that_the_clock_skips_is_held_an_hour_later_by_it() -> None:
    denver = ZoneInfo("America/Denver")
    instant = instant_of(date(2026, 3, 8), time(2, 30), denver)
    assert instant == datetime(2026, 3, 8, 9, 30, tzinfo=UTC)
    assert instant.astimezone(denver).time() == time(3, 30)


def test_of_a_time_shown_twice_the_first_is_taken() -> None:
    instant = instant_of(date(2026, 11, 1), time(1, 30), ZoneInfo("America/New_York"))
    assert instant == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


def test_a_session_across_the_change_lasts_its_minutes_in_real_time() -> None:
    night = WallClockSlot(weekday=6, starts=time(1, 0), minutes=120)
    (session,) = plan_sessions(date(2026, 3, 8), 1, [night], "America/New_York")
    assert session.ends_at - session.starts_at == timedelta(minutes=120)
    assert session.ends_at.astimezone(ZoneInfo("America/New_York")).time() == time(4, 0)


def test_a_slot_is_first_held_on_its_first_weekday_from_the_start_on() -> None:
    monday, wednesday = EVENING, WallClockSlot(2, time(9), 60)
    planned = plan_sessions(date(2026, 3, 4), 1, [monday, wednesday], "UTC")
    assert [(s.slot, s.starts_at.date()) for s in planned] == [
        (1, date(2026, 3, 4)),
        (0, date(2026, 3, 9)),
    ]


@given(
    starts_on=st.dates(date(2020, 1, 1), date(2035, 12, 31)),
    weeks=st.integers(1, 52),
    weekday=st.integers(0, 6),
    minutes=st.integers(15, 480),
    hour=st.integers(4, 23),
    zone=st.sampled_from(
        ["America/New_York", "America/Denver", "America/Phoenix", "Pacific/Honolulu", "UTC"]
    ),
)
def test_every_week_has_its_session_at_the_planned_wall_clock_time(
    starts_on: date, weeks: int, weekday: int, minutes: int, hour: int, zone: str
) -> None:
    slot = WallClockSlot(weekday, time(hour), minutes)
    planned = plan_sessions(starts_on, weeks, [slot], zone)
    local = [s.starts_at.astimezone(ZoneInfo(zone)) for s in planned]
    assert len(planned) == weeks
    assert all(one.weekday() == weekday and one.time() == time(hour) for one in local)
    assert starts_on <= local[0].date() < starts_on + timedelta(days=7)
    assert len({one.isocalendar()[:2] for one in local}) == weeks
    assert overlapping_slot(planned) is None


def test_slots_that_overlap_are_found_and_slots_end_to_end_are_not() -> None:
    later = WallClockSlot(0, time(20, 0), 60)
    planned = plan_sessions(SECOND_OF_MARCH, 1, [EVENING, later], "UTC")
    assert overlapping_slot(planned) == 1
    next_to_it = WallClockSlot(0, time(20, 30), 60)
    planned = plan_sessions(SECOND_OF_MARCH, 1, [EVENING, next_to_it], "UTC")
    assert overlapping_slot(planned) is None


SLOT = {"weekday": 0, "starts": "17:30", "minutes": 180, "break_minutes": 15, "kind": "group"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"weekday": 7},
        {"weekday": -1},
        {"starts": "24:00"},
        {"starts": "5:30"},
        {"starts": "17:30Z"},
        {"minutes": 14},
        {"minutes": 481},
        {"minutes": 15, "break_minutes": 15},
        {"break_minutes": -1},
        {"kind": "yoga"},
        {"topic": "a\x00b"},
        {"teacher": "x"},
    ],
)
def test_an_impossible_slot_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Slot.model_validate({**SLOT, "topic": "Coping skills", **wrong})


@pytest.mark.parametrize(
    "wrong",
    [{"weeks": 0}, {"weeks": 53}, {"slots": []}, {"starts_on": "1999-12-31"}],
)
def test_an_impossible_plan_is_refused(wrong: dict[str, object]) -> None:
    plan = {
        "starts_on": "2026-03-02",
        "weeks": 12,
        "slots": [{**SLOT, "topic": "Coping skills"}],
    }
    assert NewCurriculum.model_validate(plan).weeks == 12
    with pytest.raises(ValidationError):
        NewCurriculum.model_validate({**plan, **wrong})


@pytest.mark.parametrize(
    ("zone", "skipped", "by_now", "by_then"),
    [
        ("America/New_York", "2026-03-08T02:30", "01:30", "03:30"),
        ("America/St_Johns", "2026-03-08T02:30", "01:30", "03:30"),
        ("Europe/London", "2026-03-29T01:30", "00:30", "02:30"),
    ],
)
def test_a_time_that_the_clock_skips_is_refused_with_both_readings(
    zone: str, skipped: str, by_now: str, by_then: str
) -> None:
    wall = datetime.fromisoformat(skipped)
    with pytest.raises(NoSuchTime) as refused:
        exact_instant(wall, zone)
    assert refused.value.pointer == "/starts"
    assert by_now in refused.value.detail
    assert by_then in refused.value.detail


@pytest.mark.parametrize(
    ("zone", "twice", "first", "second"),
    [
        ("America/New_York", "2026-11-01T01:30", "2026-11-01T05:30", "2026-11-01T06:30"),
        ("America/St_Johns", "2026-11-01T01:30", "2026-11-01T04:00", "2026-11-01T05:00"),
        ("Europe/London", "2026-10-25T01:30", "2026-10-25T00:30", "2026-10-25T01:30"),
    ],
)
def test_a_time_shown_twice_is_refused_until_one_is_chosen(
    zone: str, twice: str, first: str, second: str
) -> None:
    wall = datetime.fromisoformat(twice)
    with pytest.raises(TimeShownTwice) as refused:
        exact_instant(wall, zone)
    assert refused.value.pointer == "/fold"
    assert f"{first[-5:]} UTC (fold 0)" in refused.value.detail
    assert f"{second[-5:]} UTC (fold 1)" in refused.value.detail
    for fold, instant in enumerate((first, second)):
        expected = datetime.fromisoformat(instant).replace(tzinfo=UTC)
        assert exact_instant(wall, zone, fold) == expected


def test_where_no_clock_is_changed_every_time_is_one_instant() -> None:
    for day in (date(2026, 3, 8), date(2026, 11, 1)):
        instant = exact_instant(datetime.combine(day, time(2, 30)), "America/Phoenix")
        assert instant == datetime.combine(day, time(9, 30), UTC)


@pytest.mark.parametrize(
    ("zone", "winter", "summer"),
    [
        ("America/New_York", "22:30", "21:30"),
        ("America/Phoenix", "00:30", "00:30"),
        ("America/St_Johns", "21:00", "20:00"),
        ("Europe/London", "17:30", "16:30"),
    ],
)
def test_a_rule_keeps_the_clock_on_the_wall_over_a_year(
    zone: str, winter: str, summer: str
) -> None:
    rule = WallClockSlot(None, time(17, 30), 60, "FREQ=MONTHLY;BYDAY=1MO")
    planned = plan_between(date(2026, 1, 1), date(2026, 1, 1), date(2027, 1, 1), [rule], zone)
    assert [s.local_start.day for s in planned] == [5, 2, 2, 6, 4, 1, 6, 3, 7, 5, 2, 7]
    assert {f"{s.starts_at.astimezone(ZoneInfo(zone)):%H:%M}" for s in planned} == {"17:30"}
    shown = [f"{s.starts_at:%H:%M}" for s in planned]
    assert (shown[0], shown[6]) == (winter, summer)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=WEEKLY;BYDAY=MO,WE",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;WKST=SU",
        "FREQ=MONTHLY;BYDAY=-1FR",
        "FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=2",
        "FREQ=MONTHLY;BYMONTHDAY=1,-1",
    ],
)
def test_a_rule_of_weeks_or_months_has_sessions_every_year(rule: str) -> None:
    slot = WallClockSlot(None, time(9), 60, recurrence(rule))
    assert slot.days(date(2026, 3, 2), date(2027, 3, 2))


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "BYDAY=MO",
        "FREQ=DAILY",
        "FREQ=WEEKLY",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=WEEKLY;BYDAY=MO;COUNT=3",
        "FREQ=WEEKLY;BYDAY=MO;UNTIL=20260401T000000Z",
        "FREQ=WEEKLY;BYDAY=MO;INTERVAL=13",
        "FREQ=WEEKLY;BYDAY=MO;BYHOUR=9",
        "FREQ=WEEKLY;BYDAY=MO;BYDAY=TU",
        "FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=2",
        "FREQ=MONTHLY;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYMONTHDAY=2;BYSETPOS=1",
        "FREQ=MONTHLY;BYDAY=1MO;BYSETPOS=2",
        "DTSTART:20260302T090000\nRRULE:FREQ=WEEKLY;BYDAY=MO",
    ],
)
def test_a_rule_that_says_when_a_plan_begins_or_never_comes_true_is_refused(rule: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        recurrence(rule)


def test_modules_take_turns_from_the_start_of_the_plan_whenever_it_is_looked_at() -> None:
    turns = [WallClockSlot(0, time(9), 60, module=n) for n in (3, 1, 2)]
    starts_on = SECOND_OF_MARCH
    whole = plan_sessions(starts_on, 7, turns, "America/New_York")
    assert [s.slot for s in whole] == [1, 2, 0, 1, 2, 0, 1]
    until = starts_on + timedelta(weeks=7)
    for week in range(7):
        since = starts_on + timedelta(weeks=week)
        rest = plan_between(starts_on, since, until, turns, "America/New_York")
        assert rest == whole[week:]
