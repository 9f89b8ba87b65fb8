"""Which rooms and people suit a session. No I/O: what there is comes in as values."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from services.scheduling.appointments.policy import OwnKind, slot_policy
from services.scheduling.directory.rules import Person, Room
from shared.calendar import day_at
from shared.contracts.scheduling import Modality
from shared.errors import Invalid
from shared.weekly import Window, is_within, windows_of


class Unsuited(Invalid):
    """A room, a person or the time does not suit; `field` is what to change."""

    field: ClassVar[str]

    def __init_subclass__(cls, field: str | None = None, title: str | None = None) -> None:
        super().__init_subclass__(title)
        cls.field = field or cls.field


class OutsideOpeningHours(Unsuited, field="starts"):
    """The site is not open for all of the session. A telehealth session may be at any time."""


class RoomNotAtSite(Unsuited, field="room_id"):
    """The site has no such room that takes sessions."""


class RoomTooSmall(Unsuited, field="room_id"):
    """The room does not seat the whole group and its staff."""


class RoomOfOtherModality(Unsuited, field="room_id"):
    """Only a telehealth session is in a telehealth room, and it is in no other."""


class FacilitatorUnsuited(Unsuited, field="facilitator_id", title="The facilitator does not suit"):
    """Who is to hold it is not of the site, not qualified that day, not at work, or away."""


class StaffNotQualified(FacilitatorUnsuited, title="The person is not qualified for it"):
    """The person has no valid credential for such a session on that day."""


class CofacilitatorUnsuited(
    FacilitatorUnsuited, field="cofacilitator_ids", title="The cofacilitator does not suit"
):
    """Who is to help does not suit, as a facilitator."""


class CofacilitatorNeeded(Unsuited, field="cofacilitator_ids"):
    """The cohort is held by two."""


@dataclass(frozen=True, slots=True)
class Group:
    """What a session asks of its room and staff: seats for so many clients, credentials of which
    everybody who holds it has all, and whether two hold it. Of `one_of` the facilitator has one."""

    clients: int
    credentials: tuple[str, ...] = ()
    cofacilitated: bool = False
    one_of: tuple[str, ...] = ()


def own_group(site_id: UUID, kind: OwnKind, clients: int) -> Group:
    """What a session of so many clients of their own asks of room and staff."""
    return Group(clients, one_of=slot_policy(site_id).kinds[kind].credentials)


@dataclass(frozen=True, slots=True)
class Place:
    """A site that sessions are planned for; without `opening` windows it is always open."""

    site_id: UUID
    time_zone: str
    opening: tuple[Window, ...]
    rooms: Mapping[UUID, Room]
    staff: Mapping[UUID, Person]


@dataclass(frozen=True, slots=True)
class Asked:
    """A session with the room and the people that it is to have; None and nobody: it has none."""

    starts_at: datetime
    ends_at: datetime
    modality: Modality | None = None
    room_id: UUID | None = None
    facilitator_id: UUID | None = None
    cofacilitator_ids: Sequence[UUID] = ()


def modality_of(modality: Modality | None, room_id: UUID | None, place: Place) -> Modality:
    """As it is asked for, else that of the room, else in person."""
    room = place.rooms.get(room_id) if room_id is not None else None
    if modality is None and room is not None and room.kind == "telehealth":
        return "telehealth"
    return modality or "in_person"


def violations(asked: Asked, group: Group, place: Place) -> Iterator[Unsuited]:
    """The rules that the session would break: opening hours, the room, the people, and that there
    are enough of them."""
    windows = windows_of(asked.starts_at, asked.ends_at, place.time_zone)
    day = day_at(asked.starts_at, place.time_zone)
    modality = modality_of(asked.modality, asked.room_id, place)
    open_then = all(is_within(window, place.opening) for window in windows)
    if modality == "in_person" and place.opening and not open_then:
        yield OutsideOpeningHours("The site is not open for all of the session.")
    people = [asked.facilitator_id] if asked.facilitator_id is not None else []
    people += asked.cofacilitator_ids
    if asked.room_id is not None:
        room = place.rooms.get(asked.room_id)
        if room is None:
            yield RoomNotAtSite("The site has no such room that takes sessions.")
        elif (room.kind == "telehealth") != (modality == "telehealth"):
            yield RoomOfOtherModality(f"The session is {modality}, and the room is not for that.")
        elif not room.seats(all_of_them := group.clients + len(people)):
            words = f"The room seats {room.capacity}; the group and its staff are {all_of_them}."
            yield RoomTooSmall(words)
    for number, person_id in enumerate(people):
        why = _not_suited(place.staff.get(person_id), asked, windows, group, place)
        if why is not None:
            kind = CofacilitatorUnsuited if number else FacilitatorUnsuited
            yield kind(f"{person_id} {why} at {asked.starts_at:%Y-%m-%dT%H:%MZ}.")
    holds = place.staff.get(asked.facilitator_id) if asked.facilitator_id is not None else None
    if holds is not None and not holds.has_one(group.one_of, day):
        yield StaffNotQualified(f"Needed on {day}: {' or '.join(group.one_of)}.")
    if group.cofacilitated and len(people) == 1:
        yield CofacilitatorNeeded("The cohort is held by two: name who helps.")


def require_suited(
    asked: Iterable[tuple[str, Asked]], group: Group, place: Place, *, only: Sequence[str] = ()
) -> None:
    """Refuse the first session that breaks a rule, if any are named about one of the fields `only`;
    each is given with its place in the request.

    Raises:
        Unsuited: by the rule's name, with a pointer.
    """
    for pointer, one in asked:
        for wrong in violations(one, group, place):
            if wrong.field in only or not only:
                wrong.pointer = f"{pointer}/{wrong.field}"
                raise wrong


def _not_suited(
    person: Person | None, asked: Asked, windows: list[Window], group: Group, place: Place
) -> str | None:
    if person is None or place.site_id not in person.site_ids:
        return "does not work at the site"
    if not person.qualified(group.credentials, day_at(asked.starts_at, place.time_zone)):
        return f"has not all of {', '.join(group.credentials)}"
    if person.is_away(asked.starts_at, asked.ends_at):
        return "is on leave"
    if not all(person.works(one, place.site_id) for one in windows):
        return "does not work"
    return None
