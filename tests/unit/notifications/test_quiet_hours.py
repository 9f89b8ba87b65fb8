"""When a reminder or an outreach message may go out."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.timing.policy import timing_policy
from services.notifications.timing.rules import (
    ReminderRule,
    Window,
    is_open,
    next_open,
    reminder_due,
    zone_of,
)

DENVER = ZoneInfo("America/Denver")
WINDOW = Window(time(8), time(21), timedelta(minutes=30))
DAY_BEFORE = ReminderRule(lead=timedelta(hours=24), margin=timedelta(hours=1))
TWO_HOURS_BEFORE = ReminderRule(lead=timedelta(hours=2), margin=timedelta(hours=1))
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def denver(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=DENVER)


def due(
    starts: str, *, rule: ReminderRule = DAY_BEFORE, not_before: datetime = LONG_AGO
) -> datetime | None:
    return reminder_due(
        denver(starts), not_before=not_before, zone=DENVER, window=WINDOW, rule=rule
    )


def test_a_reminder_goes_out_a_day_before_the_session() -> None:
    assert due("2026-06-02T17:30") == denver("2026-06-01T17:30")


def test_a_reminder_due_at_half_past_ten_waits_for_eight_when_the_session_is_later() -> None:
    assert due("2026-06-02T22:30") == denver("2026-06-02T08:00")


def test_a_reminder_due_before_dawn_moves_to_the_evening_before_when_the_session_is_early() -> None:
    assert due("2026-06-02T07:30", rule=TWO_HOURS_BEFORE) == denver("2026-06-01T20:30")


def test_a_reminder_due_at_half_past_ten_moves_before_quiet_hours_when_the_session_is_early() -> (
    None
):
    nine_hours = ReminderRule(lead=timedelta(hours=9), margin=timedelta(hours=1))
    assert due("2026-06-02T07:30", rule=nine_hours) == denver("2026-06-01T20:30")


def test_a_session_within_the_margin_after_opening_is_announced_the_evening_before() -> None:
    assert due("2026-06-02T08:30", rule=TWO_HOURS_BEFORE) == denver("2026-06-01T20:30")


def test_a_session_right_at_the_margin_is_announced_at_eight() -> None:
    assert due("2026-06-02T09:00", rule=TWO_HOURS_BEFORE) == denver("2026-06-02T08:00")


def test_a_reminder_whose_day_has_passed_goes_out_at_once() -> None:
    now = denver("2026-06-02T10:00")
    assert due("2026-06-02T17:30", not_before=now) == now


def test_a_seat_given_at_night_is_announced_in_the_morning() -> None:
    assert due("2026-06-02T17:30", not_before=denver("2026-06-01T23:00")) == denver(
        "2026-06-02T08:00"
    )


def test_little_notice_is_better_than_none_when_the_evening_has_passed() -> None:
    assert due("2026-06-02T08:30", not_before=denver("2026-06-01T23:00")) == denver(
        "2026-06-02T08:00"
    )


def test_there_is_no_reminder_for_a_session_before_the_window_opens_again() -> None:
    assert due("2026-06-02T07:00", not_before=denver("2026-06-01T23:00")) is None


def test_there_is_no_reminder_for_a_session_that_has_begun() -> None:
    assert due("2026-06-02T17:30", not_before=denver("2026-06-02T17:30")) is None


def test_the_window_opens_at_eight_and_is_closed_at_nine_in_the_evening() -> None:
    assert not is_open(denver("2026-06-01T07:59:59"), DENVER, WINDOW)
    assert is_open(denver("2026-06-01T08:00"), DENVER, WINDOW)
    assert is_open(denver("2026-06-01T20:59:59"), DENVER, WINDOW)
    assert not is_open(denver("2026-06-01T21:00"), DENVER, WINDOW)


@pytest.mark.parametrize(
    ("missed_at", "out_at"),
    [
        ("2026-06-01T20:59", "2026-06-01T20:59"),
        ("2026-06-01T21:00", "2026-06-02T08:00"),
        ("2026-06-02T00:30", "2026-06-02T08:00"),
        ("2026-06-02T08:00", "2026-06-02T08:00"),
    ],
)
def test_outreach_goes_out_at_once_or_when_quiet_hours_end(missed_at: str, out_at: str) -> None:
    assert next_open(denver(missed_at), DENVER, WINDOW) == denver(out_at)


def test_the_night_the_clocks_go_forward_is_an_hour_shorter() -> None:
    opening = next_open(denver("2026-03-07T22:00"), DENVER, WINDOW)
    assert opening == datetime(2026, 3, 8, 14, tzinfo=UTC)
    assert opening - denver("2026-03-07T22:00").astimezone(UTC) == timedelta(hours=9)


def test_the_night_the_clocks_go_back_is_an_hour_longer() -> None:
    opening = next_open(denver("2026-10-31T22:00"), DENVER, WINDOW)
    assert opening - denver("2026-10-31T22:00").astimezone(UTC) == timedelta(hours=11)


def test_a_day_before_is_twenty_four_hours_also_when_the_clocks_change() -> None:
    assert due("2026-03-08T17:30") == denver("2026-03-07T16:30")


def test_the_clients_stated_zone_counts_and_else_the_sites() -> None:
    assert zone_of("America/New_York", "America/Denver").key == "America/New_York"
    assert zone_of(None, "America/Denver").key == "America/Denver"


@pytest.mark.parametrize("unknown", ["Mars/Olympus", "", "../etc/passwd", "x" * 300, "America"])
def test_a_stated_zone_nobody_knows_counts_as_none(unknown: str) -> None:
    assert zone_of(unknown, "America/Denver").key == "America/Denver"


ZONES = st.sampled_from(
    [
        "America/New_York",
        "America/Denver",
        "America/Phoenix",
        "Pacific/Honolulu",
        "America/Anchorage",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Kiritimati",
    ]
).map(ZoneInfo)
INSTANTS = st.timedeltas(timedelta(0), timedelta(days=730)).map(LONG_AGO.__add__)
RULES = st.builds(
    ReminderRule,
    lead=st.timedeltas(timedelta(minutes=5), timedelta(days=3)),
    margin=st.timedeltas(timedelta(0), timedelta(hours=6)),
)


@given(INSTANTS, INSTANTS | st.none(), ZONES, RULES)
def test_a_reminder_is_never_in_quiet_hours_nor_early_nor_after_the_start(
    starts_at: datetime, not_before: datetime | None, zone: ZoneInfo, rule: ReminderRule
) -> None:
    earliest = not_before or starts_at - timedelta(hours=20)
    found = reminder_due(starts_at, not_before=earliest, zone=zone, window=WINDOW, rule=rule)
    if found is not None:
        assert is_open(found, zone, WINDOW)
        assert earliest <= found < starts_at


@given(INSTANTS, ZONES, RULES)
def test_a_reminder_planned_days_ahead_is_never_dropped(
    starts_at: datetime, zone: ZoneInfo, rule: ReminderRule
) -> None:
    a_week_ahead = starts_at - timedelta(days=7)
    assert reminder_due(starts_at, not_before=a_week_ahead, zone=zone, window=WINDOW, rule=rule)


@given(INSTANTS, ZONES)
def test_the_next_opening_is_at_most_a_night_away(instant: datetime, zone: ZoneInfo) -> None:
    opening = next_open(instant, zone, WINDOW)
    assert is_open(opening, zone, WINDOW)
    assert timedelta(0) <= opening - instant <= timedelta(hours=12)


def test_the_policy_in_force_asks_for_eight_to_nine() -> None:
    policy = timing_policy()
    assert policy.hours == WINDOW
