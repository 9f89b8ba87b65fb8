"""Free times as spans of instants: who and what is free together, and which time is best.

A span holds its start and not its end. Lists of spans are in order and do not overlap. No I/O, no
clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.sessions.rules import instant_of
from services.scheduling.slots.policy import SlotPolicy
from shared.contracts.base import Criterion

Span = tuple[datetime, datetime]
Window = tuple[int, int, int]
"""A time of each week by the wall clock: weekday (1 is Monday), and minutes from midnight."""


def together(spans: Iterable[Span]) -> list[Span]:
    """Spans in order; those that touch or overlap become one."""
    made: list[Span] = []
    for begins, ends in sorted(spans):
        if made and begins <= made[-1][1]:
            made[-1] = made[-1][0], max(made[-1][1], ends)
        else:
            made.append((begins, ends))
    return made


def common(one: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    """The time that is in both."""
    found: list[Span] = []
    i = j = 0
    while i < len(one) and j < len(other):
        begins, ends = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if begins < ends:
            found.append((begins, ends))
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
    return found


def without(spans: Sequence[Span], taken: Iterable[Span]) -> list[Span]:
    """The time of `spans` that is not taken."""
    left = list(spans)
    for begins, ends in taken:
        left = [
            part
            for one in left
            for part in ((one[0], min(one[1], begins)), (max(one[0], ends), one[1]))
            if part[0] < part[1]
        ]
    return together(left)


def holds(spans: Iterable[Span], span: Span) -> bool:
    """Whether all of `span` is in one of `spans`."""
    return any(begins <= span[0] and span[1] <= ends for begins, ends in spans)


def weekly(windows: Iterable[Window], first: date, last: date, zone: ZoneInfo) -> list[Span]:
    """Windows of each week from one day to another, both included, as instants."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return together(
        (_minute(day, begins, zone), _minute(day, ends, zone))
        for weekday, begins, ends in windows
        for day in days
        if day.isoweekday() == weekday
    )


def _minute(day: date, minute: int, zone: ZoneInfo) -> datetime:
    days, rest = divmod(minute, 1440)
    return instant_of(day + timedelta(days=days), time(*divmod(rest, 60)), zone)


def instants_of(local: datetime, zone: ZoneInfo) -> list[datetime]:
    """The instants, in UTC, at which the wall clock shows `local`: none where the clock skips it,
    two where it shows it twice."""
    folds = [local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    shown = (one for one in folds if one.astimezone(zone).replace(tzinfo=None) == local)
    return sorted(set(shown))


def starts_in(span: Span, length: timedelta, grid: int, zone: ZoneInfo) -> list[datetime]:
    """Where a session of `length` can begin within `span`: every `grid` minutes of the clock."""
    local = span[0].astimezone(zone)
    over = timedelta(
        minutes=local.minute % grid, seconds=local.second, microseconds=local.microsecond
    )
    at = span[0] + (timedelta(minutes=grid) - over if over else timedelta())
    found = []
    while at + length <= span[1]:
        found.append(at)
        at += timedelta(minutes=grid)
    return found


@dataclass(frozen=True, slots=True)
class Therapist:
    """A person of the staff as a search sees them: `credentials` with their last days, `works` the
    spans of working hours at the site, `clients` those of the caseload, and its limit."""

    id: UUID
    name: str
    credentials: Mapping[str, date | None]
    works: Sequence[Span]
    leave: Sequence[Span]
    clients: int
    limit: int | None

    def qualified(self, credentials: Sequence[str], on: date) -> bool:
        """Whether one of `credentials`, or any where none is named, is valid on a day."""
        valid = {name for name, last in self.credentials.items() if last is None or on <= last}
        return bool(valid.intersection(credentials) if credentials else valid)


@dataclass(frozen=True, slots=True)
class Room:
    """A room or telehealth room that takes sessions."""

    id: UUID
    name: str
    kind: Literal["room", "telehealth"]
    capacity: int


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known of a site's time around a search: when it is `open`, what is `busy` by the id
    of a room, a person or a client."""

    zone: ZoneInfo
    open: Sequence[Span]
    closed: Mapping[date, str]
    therapists: Mapping[UUID, Therapist]
    rooms: Sequence[Room]
    busy: Mapping[UUID, Sequence[Span]]

    def conflict(self, resource_id: UUID, span: Span) -> Span | None:
        """For what time it is taken already within `span`."""
        taken = self.busy.get(resource_id, ())
        return next((one for one in taken if one[0] < span[1] and span[0] < one[1]), None)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for: `people` are all who need a seat, the therapist too; `client_ids` the
    records of one client; `within` the times at which the client can come, None where that is not
    known."""

    span: Span
    minutes: int
    people: int
    client_ids: Sequence[UUID]
    primary_therapist_id: UUID | None
    credentials: Sequence[str]
    kind: Literal["room", "telehealth"]
    within: Sequence[Span] | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """A time that is free for all, with its points and what they are for."""

    starts_at: datetime
    ends_at: datetime
    therapist: Therapist
    room: Room
    score: int
    criteria: tuple[Criterion, ...]


def propose(ground: Ground, asked: Asked, policy: SlotPolicy) -> list[Slot]:
    """The best free times first, then the sooner ones; those of one therapist apart."""
    mine = together(span for one in asked.client_ids for span in ground.busy.get(one, ()))
    free = without(common([asked.span], ground.open), mine)
    if asked.within is not None:
        free = common(free, asked.within)
    length = timedelta(minutes=asked.minutes)
    rooms = sorted(
        (one for one in ground.rooms if one.kind == asked.kind and one.capacity >= asked.people),
        key=lambda one: (one.capacity, one.name, one.id),
    )
    days = {begins.astimezone(ground.zone).date() for begins, _ in mine}
    found: list[Slot] = []
    for therapist in ground.therapists.values():
        away = [*therapist.leave, *ground.busy.get(therapist.id, ())]
        spans = without(common(free, therapist.works), away)
        for span in spans:
            for at in starts_in(span, length, policy.grid_minutes, ground.zone):
                until = at + length
                room = next((r for r in rooms if ground.conflict(r.id, (at, until)) is None), None)
                day = at.astimezone(ground.zone).date()
                if room is None or not therapist.qualified(asked.credentials, day):
                    continue
                criteria = _criteria(asked, therapist, day in days, policy.named)
                later = (day - asked.span[0].astimezone(ground.zone).date()).days
                score = _score(criteria, later, policy)
                found.append(Slot(at, until, therapist, room, score, criteria))
    return _apart(found, policy)


def _criteria(
    asked: Asked, therapist: Therapist, comes_anyway: bool, source: str
) -> tuple[Criterion, ...]:
    primary = therapist.id == asked.primary_therapist_id
    room = primary or therapist.limit is None or therapist.clients < therapist.limit
    of = "no limit" if therapist.limit is None else f"limit {therapist.limit}"
    told = (
        (
            "primary_therapist",
            primary,
            "own" if primary else "another",
            "the client's own therapist",
        ),
        (
            "day_with_session",
            comes_anyway,
            "a session that day" if comes_anyway else "no session that day",
            "a day on which the client comes anyway",
        ),
        ("caseload", room, f"{therapist.clients} clients, {of}", "room in the caseload"),
    )
    return tuple(
        Criterion(name=name, met=met, observed=observed, required=required, source=source)
        for name, met, observed, required in told
    )


def _score(criteria: Iterable[Criterion], days_later: int, policy: SlotPolicy) -> int:
    points = sum(getattr(policy.weights, one.name) for one in criteria if one.met)
    return int(points) - days_later * policy.weights.day_later


def _apart(found: Iterable[Slot], policy: SlotPolicy) -> list[Slot]:
    """The best of those that begin close to each other with one therapist."""
    apart = timedelta(minutes=policy.apart_minutes)
    kept: list[Slot] = []
    for slot in sorted(found, key=lambda one: (-one.score, one.starts_at, one.therapist.id)):
        if len(kept) == policy.proposals:
            break
        if not any(
            one.therapist.id == slot.therapist.id and abs(one.starts_at - slot.starts_at) < apart
            for one in kept
        ):
            kept.append(slot)
    return kept
