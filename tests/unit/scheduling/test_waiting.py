"""What is urgent, until when a seat is held, and when weeks and phases are over."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.scheduling.placement.policy import Finding, OfferPolicy
from services.scheduling.placement.rules.waiting import NO_URGENCY, expiry, urgency_of
from services.scheduling.step_down.rules import end_of_phase, end_of_week, next_phase
from shared.weekly import Window

NOW = datetime(2026, 3, 2, 17, tzinfo=UTC)
ORDER: tuple[Finding, ...] = ("risk_high", "level_above")
MONTH_AGO = NOW - timedelta(days=30)
DENVER = "America/Denver"
WEEKDAYS = [Window(day, 8 * 60, 18 * 60) for day in range(1, 6)]


def times_of(hours: int) -> OfferPolicy:
    return OfferPolicy.model_construct(hours=hours, minutes_after_opening=60, again_after_days=7)


def at(*local: int) -> datetime:
    """An instant by the clock of Denver before 8 March 2026."""
    return datetime(*local, tzinfo=UTC) + timedelta(hours=7)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("found", "rank"),
    [
        ({}, NO_URGENCY),
        ({"risk_moderate": NOW}, NO_URGENCY),
        ({"level_above": NOW}, 1),
        ({"level_above": NOW, "risk_high": NOW}, 0),
        ({"risk_high": MONTH_AGO}, NO_URGENCY),
        ({"risk_high": MONTH_AGO + timedelta(seconds=1)}, 0),
    ],
)
def test_the_most_urgent_of_what_was_found_lately_counts(
    found: dict[Finding, datetime], rank: int
) -> None:
    assert urgency_of(found, ORDER, MONTH_AGO) == rank


@pytest.mark.parametrize(
    ("offered", "hours", "closed", "until"),
    [
        (at(2026, 3, 2, 10), 24, (), at(2026, 3, 3, 10)),
        (at(2026, 3, 2, 10), 24, (date(2026, 3, 3),), at(2026, 3, 4, 9)),
        (at(2026, 3, 2, 17), 1, (), at(2026, 3, 3, 9)),
        (at(2026, 3, 2, 7), 1, (), at(2026, 3, 2, 8)),
        (at(2026, 3, 2, 7), 0, (), at(2026, 3, 2, 9)),
        (at(2026, 3, 6, 16), 24, (), at(2026, 3, 9, 9) - timedelta(hours=1)),
    ],
)
def test_a_seat_is_held_until_the_site_was_open_for_an_hour(
    offered: datetime, hours: int, closed: tuple[date, ...], until: datetime
) -> None:
    assert expiry(offered, times_of(hours), DENVER, WEEKDAYS, closed) == until


def test_a_site_without_hours_is_open_but_on_closed_days() -> None:
    times = times_of(24)
    assert expiry(NOW, times, DENVER, (), ()) == NOW + timedelta(hours=24)
    assert expiry(NOW, times, DENVER, (), [date(2026, 3, 3)]) == at(2026, 3, 4, 1)
    closed = [date(2026, 3, 1) + timedelta(days=n) for n in range(60)]
    assert expiry(NOW, times, DENVER, (), closed) == NOW + timedelta(hours=24)


@pytest.mark.parametrize(
    ("zone", "instant", "monday"),
    [
        (DENVER, datetime(2026, 3, 5, 18, tzinfo=UTC), datetime(2026, 3, 9, 6, tzinfo=UTC)),
        (DENVER, datetime(2026, 3, 2, 7, tzinfo=UTC), datetime(2026, 3, 2, 7, tzinfo=UTC)),
        (DENVER, datetime(2026, 3, 2, 7, 1, tzinfo=UTC), datetime(2026, 3, 9, 6, tzinfo=UTC)),
        ("America/Phoenix", datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 3, 9, 7, tzinfo=UTC)),
        (
            "America/St_Johns",
            datetime(2026, 10, 30, tzinfo=UTC),
            datetime(2026, 11, 2, 3, 30, tzinfo=UTC),
        ),
        ("Europe/London", datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 3, 29, 23, tzinfo=UTC)),
    ],
)
def test_a_week_ends_on_monday_by_the_clock_of_the_site(
    zone: str, instant: datetime, monday: datetime
) -> None:
    assert end_of_week(instant, zone) == monday


def test_a_phase_is_never_shorter_than_its_weeks_and_ends_with_a_week() -> None:
    assert end_of_phase(at(2026, 3, 4, 17, 30), 1, DENVER) == datetime(2026, 3, 16, 6, tzinfo=UTC)
    assert end_of_phase(at(2026, 3, 2), 1, DENVER) == datetime(2026, 3, 9, 6, tzinfo=UTC)


def test_after_the_last_phase_comes_none() -> None:
    assert [next_phase(n, (4, 2, 2)) for n in (1, 2, 3)] == [2, 3, None]
    assert next_phase(1, ()) is None
