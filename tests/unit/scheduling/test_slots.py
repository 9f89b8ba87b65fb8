"""Free times: where they begin, who has to be free, and which is proposed first."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.scheduling.appointments.policy import slot_policy
from services.scheduling.appointments.rules import Place
from services.scheduling.directory.rules import Credential, Person, Room, Window, WorkingTime
from services.scheduling.slots.rules import Search, Span, propose, starts

SITE, CLIENT, DANA, LEE, BLUE, HALL = (UUID(int=n) for n in range(1, 7))
NAMES = {DANA: "Dana", LEE: "Lee"}
DENVER = ZoneInfo("America/Denver")


def at(text: str) -> datetime:
    """An instant by the wall clock of Denver."""
    return datetime.fromisoformat(text).replace(tzinfo=DENVER).astimezone(UTC)


def span(begins: str, ends: str, day: str = "2026-03-03") -> Span:
    return at(f"{day}T{begins}"), at(f"{day}T{ends}")


@pytest.mark.parametrize(
    ("zone", "begins", "hours", "found"),
    [
        ("America/St_Johns", "2026-03-03T12:37", 1, ["09:15"]),
        ("America/New_York", "2026-03-08T06:00", 2, ["01:00", "01:15", "01:30", "01:45", "03:00"]),
        ("Europe/London", "2026-10-25T00:10", 1, ["01:15"]),
        ("America/Phoenix", "2026-03-08T09:00", 1, ["02:00", "02:15"]),
    ],
)
def test_starts_are_on_the_quarter_hours_of_the_wall_clock(
    zone: str, begins: str, hours: int, found: list[str]
) -> None:
    first = datetime.fromisoformat(begins).replace(tzinfo=UTC)
    minutes = 60 if zone == "America/New_York" else 45
    told = starts((first, first + timedelta(hours=hours)), minutes, 15, ZoneInfo(zone))
    assert [f"{one.astimezone(ZoneInfo(zone)):%H:%M}" for one in told] == found


def person(staff_id: UUID, **other: Any) -> Person:
    works = tuple(WorkingTime(day, 540, 720, SITE) for day in (2, 3))
    held = (Credential("lcsw", date(2026, 3, 3)),)
    one = Person(staff_id, frozenset({SITE}), SITE, None, frozenset(), frozenset(), held, works, 4)
    return replace(one, **other)


def room(room_id: UUID, name: str, capacity: int, kind: Any = "room") -> Room:
    return Room(room_id, SITE, name, kind, capacity, None)


PLACE = Place(
    SITE,
    "America/Denver",
    (Window(2, 480, 1200), Window(3, 480, 1200)),
    {BLUE: room(BLUE, "Blue", 3), HALL: room(HALL, "Hall", 20)},
    {DANA: person(DANA), LEE: person(LEE)},
)
SEARCH = Search(
    PLACE,
    (),
    {},
    {DANA: 3, LEE: 4},
    (at("2026-03-03T00:00"), at("2026-03-05T00:00")),
    50,
    (CLIENT,),
    "in_person",
    (),
    None,
)
MORNINGS = [span("09:00", "12:00"), span("09:00", "12:00", "2026-03-04")]


def proposed(search: Search = SEARCH, **other: Any) -> list[tuple[str, str]]:
    found = propose(replace(search, **other), slot_policy())
    return [
        (f"{one.starts_at.astimezone(DENVER):%d %H:%M}", NAMES[one.therapist.id]) for one in found
    ]


def with_place(**changes: Any) -> Search:
    return replace(SEARCH, place=replace(PLACE, **changes))


def test_the_first_is_the_soonest_with_somebody_who_has_room_in_the_caseload() -> None:
    assert proposed()[:3] == [("03 09:00", "Dana"), ("03 10:00", "Dana"), ("03 11:00", "Dana")]
    assert ("03 09:00", "Lee") in proposed()


def test_one_s_own_therapist_comes_first_and_then_days_on_which_one_comes_anyway() -> None:
    assert proposed(primary_therapist_id=LEE)[0] == ("03 09:00", "Lee")
    busy = replace(SEARCH, busy={CLIENT: [span("14:00", "17:00", "2026-03-04")]})
    assert proposed(busy)[0] == ("04 09:00", "Dana")


@pytest.mark.parametrize(
    "search",
    [
        replace(SEARCH, busy={CLIENT: MORNINGS}),
        replace(SEARCH, busy={DANA: MORNINGS, LEE: MORNINGS}),
        replace(SEARCH, busy={HALL: MORNINGS, BLUE: MORNINGS}),
        replace(SEARCH, closed={date(2026, 3, 3), date(2026, 3, 4)}),
        with_place(opening=(Window(2, 720, 1200),)),
        with_place(staff={DANA: person(DANA, leave=tuple(MORNINGS))}),
        with_place(rooms={BLUE: room(BLUE, "Booth", 1), HALL: room(HALL, "Net", 9, "telehealth")}),
    ],
)
def test_nothing_is_proposed_where_one_of_them_is_not_there(search: Search) -> None:
    assert proposed(search) == []


def test_what_is_proposed_is_free_for_all_and_in_the_smallest_room() -> None:
    busy = {
        CLIENT: [span("09:00", "09:20")],
        DANA: [span("10:30", "10:45")],
        BLUE: [span("11:00", "12:00")],
    }
    search = replace(with_place(staff={DANA: person(DANA)}), busy=busy)
    tuesday = (Window(2, 540, 720),)
    asked = replace(search, hours=tuesday, client_zone="America/Denver")
    found = propose(asked, slot_policy())
    told = [(f"{one.starts_at.astimezone(DENVER):%H:%M}", one.room.name) for one in found]
    assert told == [("09:30", "Blue"), ("10:45", "Hall")]


def test_only_those_with_a_credential_that_the_site_names_are_proposed_while_it_is_valid() -> None:
    assert proposed(credentials=("lmft",)) == []
    assert {day[:2] for day, _ in proposed(credentials=("lmft", "lcsw"))} == {"03"}


def test_with_one_therapist_alone_nobody_else_is_proposed() -> None:
    assert {who for _, who in proposed(only=LEE)} == {"Lee"}
