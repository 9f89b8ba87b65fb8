"""Free times: arithmetic of spans, wall clocks, and which time is proposed first."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.slots.policy import slot_policy
from services.scheduling.slots.rules import (
    Asked,
    Ground,
    Room,
    Span,
    Therapist,
    common,
    holds,
    instants_of,
    propose,
    starts_in,
    together,
    weekly,
    without,
)

DENVER = ZoneInfo("America/Denver")
CLIENT, DANA, LEE, BLUE, HALL = (UUID(int=n) for n in range(1, 6))


def at(text: str) -> datetime:
    """An instant by the wall clock of Denver."""
    return datetime.fromisoformat(text).replace(tzinfo=DENVER).astimezone(UTC)


def span(begins: str, ends: str, day: str = "2026-03-03") -> Span:
    return at(f"{day}T{begins}"), at(f"{day}T{ends}")


def minute(n: int) -> datetime:
    return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=n)


spans = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 20)).map(
        lambda one: (minute(one[0]), minute(one[0] + one[1]))
    ),
    max_size=6,
)


def minutes_of(some: Sequence[Span]) -> set[datetime]:
    return {minute(n) for n in range(90) if any(b <= minute(n) < e for b, e in some)}


@given(spans, spans)
def test_free_time_is_what_is_left_minute_by_minute(some: list[Span], others: list[Span]) -> None:
    one, other = together(some), together(others)
    assert minutes_of(one) == minutes_of(some)
    assert minutes_of(common(one, other)) == minutes_of(one) & minutes_of(other)
    left = without(one, others)
    assert minutes_of(left) == minutes_of(one) - minutes_of(other)
    assert left == together(left)


@pytest.mark.parametrize(
    ("zone", "local", "instants"),
    [
        ("America/New_York", "2026-03-08T02:30", []),
        ("America/New_York", "2026-11-01T01:30", ["2026-11-01T05:30", "2026-11-01T06:30"]),
        ("America/Phoenix", "2026-03-08T02:30", ["2026-03-08T09:30"]),
        ("America/St_Johns", "2026-03-08T02:30", []),
        ("America/St_Johns", "2026-11-01T01:30", ["2026-11-01T04:00", "2026-11-01T05:00"]),
        ("Europe/London", "2026-03-29T01:30", []),
        ("Europe/London", "2026-10-25T01:30", ["2026-10-25T00:30", "2026-10-25T01:30"]),
        ("Europe/London", "2026-03-29T02:00", ["2026-03-29T01:00"]),
    ],
)
def test_a_local_time_is_shown_once_twice_or_never(
    zone: str, local: str, instants: list[str]
) -> None:
    found = instants_of(datetime.fromisoformat(local), ZoneInfo(zone))
    assert [f"{one:%Y-%m-%dT%H:%M}" for one in found] == instants


def test_a_window_of_each_week_follows_the_wall_clock() -> None:
    found = weekly([(7, 60, 240), (1, 1380, 1440)], date(2026, 3, 2), date(2026, 3, 8), DENVER)
    assert found == [
        (at("2026-03-02T23:00"), at("2026-03-03T00:00")),
        (at("2026-03-08T01:00"), at("2026-03-08T04:00")),
    ]
    assert found[1][1] - found[1][0] == timedelta(hours=2), "the clock skips one of three"


def test_starts_are_on_the_quarter_hours_of_the_wall_clock() -> None:
    zone = ZoneInfo("America/St_Johns")
    begins = datetime(2026, 3, 3, 12, 37, tzinfo=UTC)
    found = starts_in((begins, begins + timedelta(hours=1)), timedelta(minutes=50), 15, zone)
    assert [f"{one.astimezone(zone):%H:%M}" for one in found] == ["09:15"]


WORKS = [span("09:00", "12:00"), span("09:00", "12:00", "2026-03-04")]
THERAPIST = Therapist(DANA, "Dana", {"LCSW": None}, WORKS, [], 3, 4)
GROUND = Ground(
    DENVER,
    [span("08:00", "20:00"), span("08:00", "20:00", "2026-03-04")],
    {},
    {DANA: THERAPIST, LEE: replace(THERAPIST, id=LEE, name="Lee", clients=4)},
    [Room(HALL, "Hall", "room", 20), Room(BLUE, "Blue room", "room", 3)],
    {},
)
ASKED = Asked((at("2026-03-03T00:00"), at("2026-03-05T00:00")), 50, 2, (CLIENT,), None, (), "room")


def proposed(ground: Ground = GROUND, asked: Asked = ASKED, **other: Any) -> list[tuple[str, str]]:
    found = propose(ground, replace(asked, **other), slot_policy())
    return [(f"{one.starts_at.astimezone(DENVER):%d %H:%M}", one.therapist.name) for one in found]


def test_the_first_is_the_soonest_with_somebody_who_has_room_in_the_caseload() -> None:
    assert proposed()[:2] == [("03 09:00", "Dana"), ("03 10:00", "Dana")]
    assert ("03 09:00", "Lee") in proposed()


def test_one_s_own_therapist_comes_first_and_then_days_on_which_one_comes_anyway() -> None:
    assert proposed(primary_therapist_id=LEE)[0] == ("03 09:00", "Lee")
    busy = replace(GROUND, busy={CLIENT: [span("14:00", "17:00", "2026-03-04")]})
    assert proposed(busy)[0] == ("04 09:00", "Dana")


@pytest.mark.parametrize(
    "change",
    [
        {"busy": {CLIENT: WORKS}},
        {"busy": {DANA: WORKS, LEE: WORKS}},
        {"busy": {HALL: WORKS, BLUE: WORKS}},
        {"open": [span("12:00", "20:00")]},
        {"therapists": {DANA: replace(THERAPIST, leave=WORKS)}},
        {"therapists": {DANA: replace(THERAPIST, credentials={"LCSW": date(2026, 3, 2)})}},
        {"rooms": [Room(BLUE, "Booth", "room", 1), Room(HALL, "Online", "telehealth", 20)]},
    ],
)
def test_nothing_is_proposed_where_one_of_them_is_not_there(change: dict[str, Any]) -> None:
    assert proposed(replace(GROUND, **change)) == []


def test_what_is_proposed_is_free_for_all_and_in_the_smallest_room() -> None:
    busy = {
        CLIENT: [span("09:00", "09:20")],
        DANA: [span("10:30", "10:45")],
        BLUE: [span("11:00", "12:00")],
    }
    ground = replace(GROUND, busy=busy, therapists={DANA: THERAPIST})
    within = [span("09:00", "12:00")]
    found = propose(ground, replace(ASKED, within=within), slot_policy())
    told = [(f"{one.starts_at.astimezone(DENVER):%H:%M}", one.room.name) for one in found]
    assert told == [("09:30", "Blue room"), ("10:45", "Hall")]
    for one in found:
        assert holds(within, (one.starts_at, one.ends_at))
        assert ground.conflict(one.room.id, (one.starts_at, one.ends_at)) is None


def test_only_those_with_a_credential_that_the_site_names_are_proposed() -> None:
    assert proposed(credentials=("LMFT",)) == []
    assert proposed(credentials=("LMFT", "LCSW")) != []
