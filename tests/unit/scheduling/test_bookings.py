"""Which rooms and people suit a session, rule by rule."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.scheduling.bookings.rules import Asked, Group, Place, modality_of, violations
from services.scheduling.directory.rules import Credential, Person, Room, Window, WorkingTime

SITE, ROOM, ONLINE, LEAD, HELPER = (UUID(int=n) for n in range(5))
MONDAY = datetime(2026, 3, 2, 16, tzinfo=UTC)
"""09:00 in Denver."""


def person(number: UUID, **other: Any) -> Person:
    given = {
        "id": number,
        "site_ids": frozenset({SITE}),
        "home_site_id": SITE,
        "gender": None,
        "languages": frozenset(),
        "trainings": frozenset(),
        "credentials": (Credential("LAC", date(2026, 3, 2)),),
        "hours": (),
        "caseload_limit": None,
    }
    return Person(**{**given, **other})


PLACE = Place(
    SITE,
    "America/Denver",
    (),
    {
        ROOM: Room(ROOM, SITE, "A", "room", 12, None),
        ONLINE: Room(ONLINE, SITE, "B", "telehealth", 12, "https://x"),
    },
    {LEAD: person(LEAD), HELPER: person(HELPER)},
)
ASKED = Asked(MONDAY, MONDAY + timedelta(hours=3), None, ROOM, LEAD, (HELPER,))
NEXT_WEEK = MONDAY + timedelta(days=7)
TOMORROW = replace(
    ASKED, starts_at=MONDAY + timedelta(days=1), ends_at=MONDAY + timedelta(days=1, hours=1)
)
GROUP = Group(10, ("LAC",), cofacilitated=True)


def broken(asked: Asked = ASKED, group: Group = GROUP, place: Place = PLACE) -> list[str]:
    return [type(one).__name__ for one in violations(asked, group, place)]


def with_lead(**other: Any) -> Place:
    return replace(PLACE, staff={**PLACE.staff, LEAD: person(LEAD, **other)})


def hours(starts: int, ends: int) -> dict[str, Any]:
    return {"hours": (WorkingTime(1, starts * 60, ends * 60, SITE),)}


def opening(*windows: tuple[int, int, int]) -> Place:
    return replace(PLACE, opening=tuple(Window(*one) for one in windows))


def test_what_breaks_no_rule_suits() -> None:
    assert broken() == []
    assert broken(place=with_lead(**hours(9, 12))) == []
    assert broken(place=opening((1, 540, 720))) == []


@pytest.mark.parametrize(
    ("asked", "group", "place", "rules"),
    [
        (replace(ASKED, room_id=SITE), GROUP, PLACE, ["RoomNotAtSite"]),
        (ASKED, replace(GROUP, clients=11), PLACE, ["RoomTooSmall"]),
        (replace(ASKED, modality="telehealth"), GROUP, PLACE, ["RoomOfOtherModality"]),
        (replace(ASKED, cofacilitator_ids=()), GROUP, PLACE, ["CofacilitatorNeeded"]),
        (ASKED, replace(GROUP, credentials=("lcsw",)), PLACE,
            ["FacilitatorUnsuited", "CofacilitatorUnsuited"]),
        (TOMORROW, GROUP, PLACE, ["FacilitatorUnsuited", "CofacilitatorUnsuited"]),
        (ASKED, GROUP, with_lead(site_ids=frozenset()), ["FacilitatorUnsuited"]),
        (ASKED, GROUP, with_lead(**hours(9, 11)), ["FacilitatorUnsuited"]),
        (ASKED, GROUP, with_lead(leave=((MONDAY + timedelta(hours=2), NEXT_WEEK),)),
            ["FacilitatorUnsuited"]),
        (ASKED, GROUP, opening((1, 540, 700)), ["OutsideOpeningHours"]),
        (ASKED, GROUP, opening((2, 540, 720)), ["OutsideOpeningHours"]),
    ],
)  # fmt: skip
def test_a_rule_that_is_broken_is_named(
    asked: Asked, group: Group, place: Place, rules: list[str]
) -> None:
    assert broken(asked, group, place) == rules


def test_telehealth_needs_no_open_site_and_has_the_modality_of_its_room() -> None:
    online = replace(ASKED, room_id=ONLINE)
    assert modality_of(None, ONLINE, PLACE) == "telehealth"
    assert broken(online, place=opening((2, 540, 720))) == []


def test_a_session_that_nobody_is_named_for_has_no_helper_to_name() -> None:
    assert broken(replace(ASKED, facilitator_id=None, cofacilitator_ids=())) == []
