"""Weekly times by the client's clock, and the instants that they are."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.preferences.rules import (
    Slot,
    covers,
    first_backward,
    first_overlapping,
    gender_group,
    hours_available,
    instants,
    is_within,
    minutes_available,
    minutes_of,
    overlaps,
    time_of,
)

DENVER = "America/Denver"
SPRING = date(2026, 3, 2)
"""The week whose Sunday skips 02:00 to 03:00 in Denver."""
AUTUMN = date(2026, 10, 26)
"""The week whose Sunday shows 01:00 to 02:00 twice in Denver."""

slots = st.builds(
    lambda weekday, ends: Slot(weekday, min(ends), max(ends)),
    st.integers(1, 7),
    st.lists(st.integers(0, 1440), min_size=2, max_size=2, unique=True),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(("text", "minutes"), [("00:00", 0), ("17:30", 1050), ("24:00", 1440)])
def test_a_time_is_minutes_since_midnight(text: str, minutes: int):
    assert minutes_of(text) == minutes


def test_the_midnight_that_ends_a_day_is_shown_as_midnight():
    assert [time_of(m).isoformat() for m in (0, 1050, 1440)] == ["00:00:00", "17:30:00", "00:00:00"]


def test_a_slot_ends_after_its_start():
    assert first_backward([Slot(1, 60, 120), Slot(1, 1380, 1440)]) is None
    assert first_backward([Slot(1, 60, 120), Slot(2, 60, 60), Slot(3, 60, 0)]) == 1


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ([], None),
        ([Slot(1, 0, 60), Slot(1, 60, 120)], None),
        ([Slot(1, 0, 60), Slot(2, 0, 60)], None),
        ([Slot(1, 0, 61), Slot(1, 60, 120)], 1),
        ([Slot(1, 60, 120), Slot(1, 0, 61)], 0),
        ([Slot(1, 0, 60), Slot(1, 0, 60)], 1),
        ([Slot(1, 0, 200), Slot(3, 5, 6), Slot(1, 50, 60)], 2),
    ],
)
def test_slots_may_touch_and_not_overlap(given: list[Slot], place: int | None):
    assert first_overlapping(given) == place


@given(st.lists(slots, max_size=6))
def test_an_overlap_is_found_exactly_when_two_share_a_minute(found: list[Slot]):
    minutes = [(one.weekday, m) for one in found for m in range(one.starts, one.ends)]
    assert (first_overlapping(found) is None) == (len(set(minutes)) == len(minutes))


def test_hours_are_summed():
    evening = [Slot(day, 1050, 1260) for day in (1, 3, 5)]
    assert (minutes_available(evening), hours_available(evening)) == (630, 10.5)
    assert hours_available([]) == 0


@pytest.mark.parametrize(
    ("weekday", "starts", "ends", "some", "whole"),
    [
        (1, 60, 120, True, True),
        (1, 0, 60, False, False),
        (1, 59, 61, True, False),
        (1, 119, 181, True, False),
        (1, 180, 240, False, False),
        (1, 60, 180, True, True),
        (1, 100, 150, True, True),
        (2, 60, 120, False, False),
    ],
)
def test_a_time_lies_in_slots_in_part_or_as_a_whole(
    weekday: int, starts: int, ends: int, some: bool, whole: bool
):
    held = [Slot(1, 120, 180), Slot(1, 60, 120)]
    assert overlaps(held, weekday, starts, ends) is some
    assert covers(held, weekday, starts, ends) is whole


@given(st.lists(slots, max_size=4), slots)
def test_covering_and_overlapping_agree_with_counting_minutes(held: list[Slot], asked: Slot):
    minutes = {(one.weekday, m) for one in held for m in range(one.starts, one.ends)}
    wanted = {(asked.weekday, m) for m in range(asked.starts, asked.ends)}
    assert overlaps(held, asked.weekday, asked.starts, asked.ends) == bool(minutes & wanted)
    assert covers(held, asked.weekday, asked.starts, asked.ends) == (wanted <= minutes)


@pytest.mark.parametrize(
    ("slot", "monday", "expected"),
    [
        (Slot(1, 1050, 1260), SPRING, [("2026-03-03T00:30", "2026-03-03T04:00")]),
        (Slot(7, 60, 180), SPRING, [("2026-03-08T08:00", "2026-03-08T09:00")]),
        (Slot(7, 60, 240), SPRING, [("2026-03-08T08:00", "2026-03-08T10:00")]),
        (Slot(7, 120, 180), SPRING, []),
        (Slot(7, 150, 195), SPRING, [("2026-03-08T09:00", "2026-03-08T09:15")]),
        (Slot(7, 60, 120), AUTUMN, [("2026-11-01T07:00", "2026-11-01T09:00")]),
        (
            Slot(7, 75, 90),
            AUTUMN,
            [("2026-11-01T07:15", "2026-11-01T07:30"), ("2026-11-01T08:15", "2026-11-01T08:30")],
        ),
        (
            Slot(7, 105, 135),
            AUTUMN,
            [("2026-11-01T07:45", "2026-11-01T08:00"), ("2026-11-01T08:45", "2026-11-01T09:15")],
        ),
        (Slot(7, 0, 1440), SPRING, [("2026-03-08T07:00", "2026-03-09T06:00")]),
        (Slot(7, 0, 1440), AUTUMN, [("2026-11-01T06:00", "2026-11-02T07:00")]),
    ],
)
def test_a_slot_is_when_the_clock_shows_it(
    slot: Slot, monday: date, expected: list[tuple[str, str]]
):
    assert instants(slot, monday, DENVER) == tuple((at(a), at(b)) for a, b in expected)


CHANGES = [
    (DENVER, SPRING),
    (DENVER, AUTUMN),
    ("America/Santiago", date(2026, 8, 31)),
    ("America/Santiago", date(2026, 3, 30)),
    ("America/Havana", date(2026, 10, 26)),
    ("Africa/Cairo", date(2026, 4, 20)),
    ("Australia/Lord_Howe", date(2026, 3, 30)),
    ("Asia/Kolkata", SPRING),
    ("Pacific/Apia", date(2011, 12, 26)),
]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(CHANGES), slots, st.integers(0, 9 * 24 * 12))
def test_an_instant_lies_in_a_slot_exactly_when_the_clock_shows_a_time_of_it(
    change: tuple[str, date], slot: Slot, step: int
):
    zone, monday = change
    midnight = datetime.combine(monday, datetime.min.time(), UTC) - timedelta(days=1)
    instant = midnight + timedelta(minutes=5 * step)
    local = instant.astimezone(ZoneInfo(zone))
    shown = (
        local.date() == monday + timedelta(days=slot.weekday - 1)
        and slot.starts <= local.hour * 60 + local.minute < slot.ends
    )
    found = instants(slot, monday, zone)
    assert any(a <= instant < b for a, b in found) == shown
    assert all(a < b for a, b in found)
    assert all(before[1] < after[0] for before, after in pairwise(found))


@pytest.mark.parametrize("zone_and_week", CHANGES[:4])
@given(st.integers(0, 1435))
def test_near_a_change_of_the_clock_each_instant_of_the_day_counts_once(
    zone_and_week: tuple[str, date], minute: int
):
    zone, monday = zone_and_week
    whole = instants(Slot(7, 0, 1440), monday, zone)
    parts = [
        instants(one, monday, zone) for one in (Slot(7, 0, minute + 1), Slot(7, minute + 1, 1440))
    ]
    length = sum((b - a for found in parts for a, b in found), timedelta())
    assert length == sum((b - a for a, b in whole), timedelta())


def test_an_instant_is_within_the_times_of_a_week():
    monday_evening = [Slot(1, 1050, 1260)]
    assert is_within(monday_evening, at("2026-03-03T00:30"), DENVER)
    assert not is_within(monday_evening, at("2026-03-03T04:00"), DENVER)
    assert not is_within(monday_evening, at("2026-03-03T00:29"), DENVER)
    assert not is_within([], at("2026-03-03T00:30"), DENVER)


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
