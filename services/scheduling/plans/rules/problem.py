"""What a weekly plan is made from, what it is, and how its making is stopped. Times are whole
minutes from one origin."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal, NamedTuple, TypeVar
from uuid import UUID

from services.scheduling.plans.policy import Post

T = TypeVar("T")
Hindrance = Literal["works_at_site", "credentials", "working_hours", "leave", "booked_elsewhere"]
"""What keeps a person from a session, whatever else is planned."""
Limit = Literal["one_at_a_time", "travel", "caseload", "rooms", "availability"]
RuleName = Literal[Hindrance, Limit, "to_be_held", "time_ran_out"]
StageName = Literal["unplaced", "changes", "wishes"]
Way = Mapping[tuple[UUID, UUID], int]
"""Minutes from site to site."""


class Span(NamedTuple):
    """From a minute up to another."""

    begins: int
    ends: int

    def meets(self, other: "Span", gap: int = 0) -> bool:
        """Whether they overlap, or have less than `gap` minutes between them."""
        return self.begins < other.ends + gap and other.begins < self.ends + gap

    def covers(self, other: "Span") -> bool:
        return self.begins <= other.begins and other.ends <= self.ends

    @property
    def minutes(self) -> int:
        return self.ends - self.begins


class Stay(NamedTuple):
    """Somebody is at a site for a time; without a site where it does not matter where they are."""

    site_id: UUID | None
    span: Span


class Rule(NamedTuple):
    """A rule that stands in the way, and of what: of a session, a person, a client or a site."""

    name: RuleName
    of: UUID | None


@dataclass(frozen=True, slots=True)
class Room:
    """A room, and when sessions have it that are no part of the plan."""

    id: UUID
    site_id: UUID
    capacity: int
    telehealth: bool = False
    taken: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who treats clients; `credentials` with the minute from which each is void, and
    `caseload` the clients whom the person sees in sessions that are no part of the plan."""

    id: UUID
    hours: tuple[Stay, ...]
    credentials: Mapping[str, int | None] = field(default_factory=dict)
    leave: tuple[Span, ...] = ()
    taken: tuple[Stay, ...] = ()
    caseload_limit: int | None = None
    caseload: frozenset[UUID] = frozenset()

    @property
    def sites(self) -> frozenset[UUID]:
        return frozenset(stay.site_id for stay in self.hours if stay.site_id is not None)


@dataclass(frozen=True, slots=True)
class Staffing:
    """Who and what a session has."""

    facilitator: UUID | None = None
    cofacilitator: UUID | None = None
    room: UUID | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A session of a cohort, at its time; `usual` is who leads the cohort as a rule."""

    id: UUID
    site_id: UUID
    span: Span
    people: int
    telehealth: bool = False
    credentials: tuple[str, ...] = ()
    cofacilitated: bool = False
    usual: UUID | None = None
    published: Staffing = Staffing()

    @property
    def stay(self) -> Stay:
        return Stay(None if self.telehealth else self.site_id, self.span)


@dataclass(frozen=True, slots=True)
class Place:
    """When a session of one client is, and with whom."""

    begins: int
    facilitator: UUID
    room: UUID | None = None


@dataclass(frozen=True, slots=True)
class Demand:
    """A session of one client that is to be placed. `available` is when the client can come while
    the site is open, `preferred` when the client would rather."""

    id: UUID
    client_id: UUID
    site_id: UUID
    kind: Literal["individual", "family"]
    minutes: int
    people: int
    available: tuple[Span, ...]
    preferred: tuple[Span, ...] = ()
    usual: UUID | None = None
    credentials: tuple[str, ...] = ()
    telehealth: ClassVar[bool] = False

    def stay(self, begins: int) -> Stay:
        return Stay(self.site_id, Span(begins, begins + self.minutes))


Asked = Session | Demand
"""What is to be held."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A week of sites. `ways` holds the minutes between each two of the sites that somebody goes
    between."""

    rooms: tuple[Room, ...]
    people: tuple[Person, ...]
    sessions: tuple[Session, ...]
    demands: tuple[Demand, ...]
    ways: Way = field(default_factory=dict)

    def only(self, is_kept: Callable[[Asked], bool]) -> "Problem":
        """The same week with nothing else to be held than what is kept."""
        sessions, demands = tuple(filter(is_kept, self.sessions)), filter(is_kept, self.demands)
        return replace(self, sessions=sessions, demands=tuple(demands))


@dataclass(frozen=True, slots=True)
class Stage:
    """What the plan is worth in one regard, less being better, and what no plan can be below that
    is as good in the stages before."""

    name: StageName
    objective: int
    bound: int

    @property
    def gap(self) -> float:
        return (self.objective - self.bound) / self.objective if self.objective else 0.0


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A post of a session that nobody could be found for, or a session of one client, and rules of
    which each stands in the way together with the others: without any of them it would be placed
    beside all that is."""

    id: UUID
    post: Post
    conflict: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Who and what each session has, by its id, where sessions of one client are, and what has no
    place."""

    staffing: Mapping[UUID, Staffing]
    places: Mapping[UUID, Place]
    unplaced: tuple[Unplaced, ...] = ()
    stages: tuple[Stage, ...] = ()

    @property
    def proved(self) -> bool:
        """Whether no plan is better: each stage reaches its bound."""
        return bool(self.stages) and all(one.objective == one.bound for one in self.stages)

    @property
    def gap(self) -> float:
        """The largest of the stages, as a share of the objective."""
        return max((stage.gap for stage in self.stages), default=0.0)


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same times in order, those that touch as one."""
    made: list[Span] = []
    for span in sorted(spans):
        if made and span.begins <= made[-1].ends:
            made[-1] = Span(made[-1].begins, max(made[-1].ends, span.ends))
        else:
            made.append(span)
    return tuple(made)


def common(some: Iterable[Span], others: Sequence[Span]) -> tuple[Span, ...]:
    """The times that are in both."""
    both = (Span(max(a.begins, b.begins), min(a.ends, b.ends)) for a in some for b in others)
    return joined(span for span in both if span.begins < span.ends)


def without(spans: Iterable[Span], holes: Iterable[Span]) -> tuple[Span, ...]:
    """The times that are in no hole."""
    left = joined(spans)
    for hole in holes:
        left = tuple(
            Span(begins, ends)
            for span in left
            for begins, ends in (
                (span.begins, min(span.ends, hole.begins)),
                (max(span.begins, hole.ends), span.ends),
            )
            if begins < ends
        )
    return left


def starts(spans: Iterable[Span], minutes: int, step: int) -> list[int]:
    """Where something of so many minutes may begin: every `step` minutes from the origin on, and at
    the beginning of each time, within one of them."""
    found: set[int] = set()
    for span in spans:
        last = span.ends - minutes
        found.update(range(-(-span.begins // step) * step, last + 1, step))
        if span.begins <= last:
            found.add(span.begins)
    return sorted(found)


def at_once(taken: Iterable[tuple[Span, T]]) -> Iterator[tuple[Span, list[T]]]:
    """Each largest set of those that are all under way at one time, with that time: two overlap if
    and only if they are in one of the sets."""
    going: list[tuple[Span, T]] = []
    for span, one in sorted(taken, key=lambda pair: pair[0]):
        left = [other for other in going if other[0].ends > span.begins]
        if len(left) < len(going):
            yield _all_of(going)
        going = [*left, (span, one)]
    if going:
        yield _all_of(going)


def _all_of(going: list[tuple[Span, T]]) -> tuple[Span, list[T]]:
    times = [span for span, _ in going]
    return Span(times[-1].begins, min(span.ends for span in times)), [one for _, one in going]


class Stop:
    """Whether a plan is to end with the best so far. It may be asked for from any thread, and more
    than once."""

    def __init__(self) -> None:
        self.asked = False
        self._running: set[Callable[[], None]] = set()

    def ask(self) -> None:
        self.asked = True
        for stop in tuple(self._running):
            stop()

    @contextmanager
    def stops(self, stop: Callable[[], None]) -> Iterator[None]:
        """While this is open, whoever asks calls `stop`."""
        self._running.add(stop)
        try:
            yield
        finally:
            self._running.discard(stop)
