"""When whoever is on duty in the story calls."""

from datetime import UTC, datetime

from stepwell.region.weeks import evenings


def test_somebody_calls_on_each_evening_before_the_next_day_with_sessions() -> None:
    thursday = datetime(2026, 3, 26, 19, 10, tzinfo=UTC)
    monday = datetime(2026, 3, 30, 19, 10, tzinfo=UTC)
    assert [str(at)[:16] for at in evenings(thursday, monday)] == [
        "2026-03-27 21:10",
        "2026-03-28 21:10",
        "2026-03-29 21:10",
    ]
    assert list(evenings(monday, monday.replace(day=31))) == []
