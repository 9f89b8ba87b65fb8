"""When a run begins: people come on working days, sessions start on the next Monday."""

from datetime import UTC, date, datetime, timedelta

import pytest

from stepwell.commands.clock import _target
from stepwell.region.opening import next_monday, next_opening
from stepwell.runtime.problem import Problem

SITES = {0: {"time_zone": "America/New_York"}, 1: {"time_zone": "America/Denver"}}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-02-23T13:00", "2026-02-23T13:00"),
        ("2026-02-23T15:59", "2026-02-23T15:59"),
        ("2026-02-23T09:00", "2026-02-23T13:00"),
        ("2026-03-19T19:10", "2026-03-20T13:00"),
        ("2026-03-20T19:10", "2026-03-23T13:00"),
        ("2026-03-21T08:00", "2026-03-23T13:00"),
        ("2026-03-22T20:00", "2026-03-23T13:00"),
    ],
)
def test_people_come_on_weekdays(now: str, opens: str) -> None:
    assert next_opening(at(now)) == at(opens)


@pytest.mark.parametrize(
    ("now", "monday"),
    [
        ("2026-02-23T13:00", date(2026, 3, 2)),
        ("2026-03-01T12:00", date(2026, 3, 2)),
        ("2026-03-02T02:00", date(2026, 3, 2)),
        ("2026-03-02T06:00", date(2026, 3, 9)),
    ],
)
def test_sessions_start_on_the_monday_after_today_at_the_sites(now: str, monday: date) -> None:
    assert next_monday(at(now), SITES) == monday


def test_the_clock_is_moved_by_a_duration_or_to_an_instant() -> None:
    now = at("2026-03-02T12:00")
    assert _target(now, "36h", None) == now + timedelta(hours=36)
    assert _target(now, "2d", None) == now + timedelta(days=2)
    assert _target(now, None, "2026-03-05T12:00:00Z") == at("2026-03-05T12:00")


@pytest.mark.parametrize(
    ("by", "to"),
    [
        (None, None),
        ("2d", "2026-03-05T12:00:00Z"),
        ("soon", None),
        (None, "tomorrow"),
        (None, "2026-03-05T12:00:00"),
    ],
)
def test_a_move_of_the_clock_that_cannot_be_understood_is_refused_in_one_line(
    by: str | None, to: str | None
) -> None:
    with pytest.raises(Problem) as refused:
        _target(at("2026-03-02T12:00"), by, to)
    assert "\n" not in str(refused.value)
    assert refused.value.exit_code == 2
