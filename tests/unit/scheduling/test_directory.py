"""What people and rooms are fit for, by credentials, wall clocks and seats."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.directory.rules import Credential, Person, Room, WorkingTime
from shared.weekly import Window, first_overlapping, is_within, windows_of

NORTH, SOUTH = UUID(int=1), UUID(int=2)
LAST_DAY = date(2026, 6, 30)
ROSA = Person(
    id=UUID(int=3),
    site_ids=frozenset({NORTH, SOUTH}),
    home_site_id=NORTH,
    gender="woman",
    languages=frozenset({"en", "es"}),
    trainings=frozenset({"trauma"}),
    credentials=(Credential("lac", LAST_DAY), Credential("lpc", None)),
    hours=(WorkingTime(1, 540, 780, NORTH), WorkingTime(1, 780, 1020, NORTH)),
    caseload_limit=None,
    leave=((datetime(2026, 3, 9, 7, tzinfo=UTC), datetime(2026, 3, 10, 6, tzinfo=UTC)),),
)


def test_a_credential_counts_through_its_last_day() -> None:
    assert ROSA.qualified(["lac", "lpc"], LAST_DAY)
    assert not ROSA.qualified(["lac", "lpc"], LAST_DAY + timedelta(days=1))
    assert ROSA.qualified(["lpc"], LAST_DAY + timedelta(days=1))
    assert not ROSA.qualified(["lcsw"], LAST_DAY)
    assert ROSA.qualified([], LAST_DAY)


@pytest.mark.parametrize(
    ("weekday", "starts", "ends", "site", "works"),
    [
        (1, 540, 1020, NORTH, True),
        (1, 539, 600, NORTH, False),
        (1, 960, 1021, NORTH, False),
        (2, 540, 600, NORTH, False),
        (1, 540, 600, SOUTH, False),
        (1, 540, 600, UUID(int=9), False),
    ],
)
def test_a_person_works_where_and_when_the_hours_say(
    weekday: int, starts: int, ends: int, site: UUID, works: bool
) -> None:
    assert ROSA.works(Window(weekday, starts, ends), site) is works


def test_whose_hours_nobody_stated_works_at_any_time_at_the_sites_that_they_cover() -> None:
    free = replace(ROSA, hours=())
    assert free.works(Window(7, 0, 1440), SOUTH)
    assert not free.works(Window(7, 0, 1440), UUID(int=9))


def test_a_person_on_leave_is_back_at_its_last_instant() -> None:
    (begins, ends), hour = ROSA.leave[0], timedelta(hours=1)
    assert ROSA.is_away(begins - hour, begins + hour)
    assert ROSA.is_away(ends - hour, ends)
    assert not ROSA.is_away(begins - hour, begins)
    assert not ROSA.is_away(ends, ends + hour)


def test_a_room_seats_as_many_as_it_holds() -> None:
    room = Room(UUID(int=4), NORTH, "Blue", "room", 12, None)
    assert room.seats(12)
    assert not room.seats(13)


def test_windows_overlap_on_one_day_only_and_may_touch() -> None:
    assert (
        first_overlapping([Window(1, 540, 720), Window(1, 720, 800), Window(2, 600, 700)]) is None
    )
    assert first_overlapping([Window(1, 540, 720), Window(2, 0, 60), Window(1, 719, 800)]) == 2
    assert first_overlapping([Window(1, 540, 720), Window(1, 540, 720)]) == 1


def test_a_friday_night_over_midnight_is_two_windows() -> None:
    """A later window of Saturday does not cut the tail of Friday's off."""
    night = [Window(5, 1200, 1440), Window(6, 0, 120), Window(6, 540, 720)]
    asked = windows_of(
        datetime(2026, 3, 7, 6, tzinfo=UTC), datetime(2026, 3, 7, 8, tzinfo=UTC), "America/Denver"
    )
    assert asked == [Window(5, 1380, 1440), Window(6, 0, 60)]
    assert all(is_within(one, night) for one in asked)


@pytest.mark.parametrize(
    ("zone", "starts_at", "minutes", "window"),
    [
        ("America/New_York", "2026-03-08T06:30", 60, Window(7, 90, 210)),
        ("America/New_York", "2026-11-01T05:50", 50, Window(7, 50, 160)),
        ("America/Phoenix", "2026-11-01T06:30", 60, Window(6, 1410, 1440)),
        ("America/St_Johns", "2026-03-02T14:00", 30, Window(1, 630, 660)),
        ("Europe/London", "2026-10-25T09:00", 90, Window(7, 540, 630)),
    ],
)
def test_a_window_holds_what_the_clock_shows_when_it_changes(
    zone: str, starts_at: str, minutes: int, window: Window
) -> None:
    begins = datetime.fromisoformat(starts_at).replace(tzinfo=UTC)
    assert windows_of(begins, begins + timedelta(minutes=minutes), zone)[0] == window


@given(
    st.integers(0, 366 * 1440),
    st.integers(1, 600),
    st.integers(0, 600),
    st.sampled_from(["America/New_York", "America/Phoenix", "America/St_Johns", "Europe/London"]),
)
def test_every_minute_of_a_day_session_is_in_its_windows(
    start: int, minutes: int, later: int, zone: str
) -> None:
    begins = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=start)
    windows = windows_of(begins, begins + timedelta(minutes=minutes), zone)
    assert all(0 <= one.starts_minute < one.ends_minute <= 1440 for one in windows)
    if len(windows) == 1 and later < minutes:
        middle = begins + timedelta(minutes=later)
        (part,) = windows_of(middle, middle + timedelta(seconds=1), zone)
        assert is_within(part, windows)
