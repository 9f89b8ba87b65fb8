"""Weekly times by the client's clock."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.preferences.rules import (
    first_backward,
    gender_group,
    minutes_available,
    time_of,
)
from shared.weekly import Window, first_overlapping, minute_of

DENVER = "America/Denver"
SPRING = date(2026, 3, 2)
"""The week whose Sunday skips 02:00 to 03:00 in Denver."""
AUTUMN = date(2026, 10, 26)
"""The week whose Sunday shows 01:00 to 02:00 twice in Denver."""

slots = st.builds(
    lambda weekday, ends: Window(weekday, min(ends), max(ends)),
    st.integers(1, 7),
    st.lists(st.integers(0, 1440), min_size=2, max_size=2, unique=True),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(("text", "minutes"), [("00:00", 0), ("17:30", 1050), ("24:00", 1440)])
def test_a_time_is_minutes_since_midnight(text: str, minutes: int):
    assert minute_of(text) == minutes


def test_the_midnight_that_ends_a_day_is_shown_as_midnight():
    assert [time_of(m).isoformat() for m in (0, 1050, 1440)] == ["00:00:00", "17:30:00", "00:00:00"]


def test_a_slot_ends_after_its_start():
    assert first_backward([Window(1, 60, 120), Window(1, 1380, 1440)]) is None
    assert first_backward([Window(1, 60, 120), Window(2, 60, 60), Window(3, 60, 0)]) == 1


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ([], None),
        ([Window(1, 0, 60), Window(1, 60, 120)], None),
        ([Window(1, 0, 60), Window(2, 0, 60)], None),
        ([Window(1, 0, 61), Window(1, 60, 120)], 1),
        ([Window(1, 60, 120), Window(1, 0, 61)], 0),
        ([Window(1, 0, 60), Window(1, 0, 60)], 1),
        ([Window(1, 0, 200), Window(3, 5, 6), Window(1, 50, 60)], 2),
    ],
)
def test_slots_may_touch_and_not_overlap(given: list[Window], place: int | None):
    assert first_overlapping(given) == place


@given(st.lists(slots, max_size=6))
def test_an_overlap_is_found_exactly_when_two_share_a_minute(found: list[Window]):
    minutes = [(one.weekday, m) for one in found for m in range(one.starts_minute, one.ends_minute)]
    assert (first_overlapping(found) is None) == (len(set(minutes)) == len(minutes))


def test_minutes_are_summed():
    evening = [Window(day, 1050, 1260) for day in (1, 3, 5)]
    assert minutes_available(evening) == 630
    assert minutes_available([]) == 0


@pytest.mark.parametrize(
    ("wish", "gender", "group"),
    [
        ("same_gender", "woman", "women"),
        ("same_gender", "man", "men"),
        ("same_gender", "non_binary", None),
        ("same_gender", "undisclosed", None),
        ("any", "woman", None),
        ("no_preference", "man", None),
    ],
)
def test_a_gender_specific_group_is_by_wish_and_stated_gender(
    wish: str, gender: str, group: str | None
):
    assert gender_group(wish, gender) == group
