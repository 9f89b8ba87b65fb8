"""Which times are free for a client, a therapist and a room, and why one cannot be booked."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.appointments.policy import SlotPolicy
from services.scheduling.appointments.rules import Place
from services.scheduling.directory.rules import Person, Room
from shared.contracts.base import Criterion
from shared.contracts.scheduling import Modality
from shared.errors import Conflict, Invalid
from shared.weekly import Window, is_within, windows_of

Span = tuple[datetime, datetime]
"""From an instant to before another one."""


class BadRange(Invalid):
    """The time that is searched is over, upside down, or too long."""


class BadLength(Invalid):
    """A session of the kind is shorter or longer."""


class TooManyClients(Invalid):
    """More clients than a session of the kind may have."""


class ClientTwice(Invalid, title="A client is listed twice"):
    """One person is in the list more than once."""


class NotPlacedHere(Conflict, title="The client has no seat at the site"):
    """A client without a seat at the site has no sessions there."""


class ClientBusy(Conflict, title="The client has another session then"):
    """The client, by whichever record, has another session then."""


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for: `client_ids` are the records of one client, `only` one therapist, and
    `hours` when the client can come by the clock of `client_zone`, none where that is not known.
    And what is known of the site around it: its rules, the days on which it is closed, when a room,
    a person or a client is taken, and how many clients each person is answerable for."""

    place: Place
    closed: Collection[date]
    busy: Mapping[UUID, Sequence[Span]]
    caseloads: Mapping[UUID, int]
    span: Span
    minutes: int
    client_ids: Sequence[UUID]
    modality: Modality
    credentials: Sequence[str]
    primary_therapist_id: UUID | None
    only: UUID | None = None
    hours: Sequence[Window] = ()
    client_zone: str = "UTC"

    def is_free(self, resource_id: UUID, span: Span) -> bool:
        """Whether nothing takes them within `span`."""
        taken = self.busy.get(resource_id, ())
        return not any(begins < span[1] and span[0] < ends for begins, ends in taken)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A time that is free for all, with its points; `met` says what they are for."""

    starts_at: datetime
    ends_at: datetime
    therapist: Person
    room: Room
    score: int
    met: Mapping[str, bool]


def starts(span: Span, minutes: int, grid: int, zone: ZoneInfo) -> Iterator[datetime]:
    """Where a session can begin within `span`: every `grid` minutes of the wall clock."""
    local = span[0].astimezone(zone)
    whole = local.replace(minute=local.minute - local.minute % grid, second=0, microsecond=0)
    over = local - whole
    at = span[0] + (timedelta(minutes=grid) - over if over else timedelta())
    while at + timedelta(minutes=minutes) <= span[1]:
        yield at
        at += timedelta(minutes=grid)


def propose(asked: Search, policy: SlotPolicy) -> list[Proposal]:
    """The best free times first, then the sooner ones; those of one therapist apart."""
    place, zone = asked.place, ZoneInfo(asked.place.time_zone)
    first = asked.span[0].astimezone(zone).date()
    people = [one for one in place.staff.values() if asked.only in (None, one.id)]
    kind = "telehealth" if asked.modality == "telehealth" else "room"
    rooms = [one for one in place.rooms.values() if one.kind == kind and one.seats(2)]
    rooms.sort(key=lambda one: (one.capacity, one.name, one.id))
    taken = [one for record in asked.client_ids for one in asked.busy.get(record, ())]
    comes = {begins.astimezone(zone).date() for begins, _ in taken}
    found: list[Proposal] = []
    for at in starts(asked.span, asked.minutes, policy.grid_minutes, zone):
        span = at, at + timedelta(minutes=asked.minutes)
        day, windows = at.astimezone(zone).date(), windows_of(*span, place.time_zone)
        if day in asked.closed or not _can_come(asked, span, windows):
            continue
        if (room := next((one for one in rooms if asked.is_free(one.id, span)), None)) is None:
            continue
        for person in people:
            if _can_hold(asked, person, span, windows, day):
                met = _met(asked, person, day in comes)
                points = sum(getattr(policy.weights, name) for name in met if met[name])
                score = points - (day - first).days * policy.weights.day_later
                found.append(Proposal(*span, person, room, score, met))
    return _apart(found, policy)


def _can_come(asked: Search, span: Span, windows: Iterable[Window]) -> bool:
    """Whether the site is open and the client has time."""
    opening = asked.place.opening if asked.modality == "in_person" else ()
    if opening and not all(is_within(one, opening) for one in windows):
        return False
    if not all(asked.is_free(record, span) for record in asked.client_ids):
        return False
    shown = windows_of(*span, asked.client_zone) if asked.hours else ()
    return all(is_within(one, asked.hours) for one in shown)


def _can_hold(asked: Search, person: Person, span: Span, windows: list[Window], day: date) -> bool:
    """Whether the person is at work, free and qualified."""
    return (
        all(person.works(one, asked.place.site_id) for one in windows)
        and not person.is_away(*span)
        and asked.is_free(person.id, span)
        and person.has_one(asked.credentials, day)
    )


def _met(asked: Search, person: Person, comes_anyway: bool) -> dict[str, bool]:
    own, limit = person.id == asked.primary_therapist_id, person.caseload_limit
    has_room = own or limit is None or asked.caseloads.get(person.id, 0) < limit
    return {"primary_therapist": own, "day_with_session": comes_anyway, "caseload": has_room}


def explain(one: Proposal, search: Search, policy: SlotPolicy) -> list[Criterion]:
    """What the points of a proposal are for."""
    clients, limit = search.caseloads.get(one.therapist.id, 0), one.therapist.caseload_limit
    that_day = "a session that day" if one.met["day_with_session"] else "no session that day"
    told = {
        "primary_therapist": (str(one.therapist.id), "the client's own therapist"),
        "day_with_session": (that_day, "a day on which the client comes anyway"),
        "caseload": (f"{clients} clients, limit {limit or 'none'}", "room in the caseload"),
    }
    return [
        Criterion(name=name, met=one.met[name], observed=is_, required=asked, source=policy.named)
        for name, (is_, asked) in told.items()
    ]


def _apart(found: Iterable[Proposal], policy: SlotPolicy) -> list[Proposal]:
    """The best of those that begin close to each other with one therapist."""
    apart = timedelta(minutes=policy.apart_minutes)
    kept: list[Proposal] = []
    for one in sorted(found, key=lambda one: (-one.score, one.starts_at, one.therapist.id)):
        if len(kept) == policy.proposals:
            break
        near = (kept_one for kept_one in kept if kept_one.therapist.id == one.therapist.id)
        if all(abs(kept_one.starts_at - one.starts_at) >= apart for kept_one in near):
            kept.append(one)
    return kept
