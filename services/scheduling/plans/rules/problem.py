"""What a weekly plan is made from, what it is, and how its making is stopped. Times are whole
minutes from one origin."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, TypeVar
from uuid import UUID
from weakref import WeakSet

from services.scheduling.plans.policy import Post

T = TypeVar("T")
Hindrance = Literal["works_at_site", "credentials", "working_hours", "leave", "booked_elsewhere"]
"""What keeps a person from a session, whatever else is planned."""
Limit = Literal["one_at_a_time", "travel", "caseload", "rooms", "availability"]
RuleName = Literal[Hindrance, Limit, "to_be_held", "time_ran_out"]
StageName = Literal["unplaced", "changes", "wishes"]
Way = Mapping[tuple[UUID, UUID], int]
"""Minutes from site to site."""
Key = tuple[UUID, Post]
"""A post, and of which session."""


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


class Staffing(NamedTuple):
    """Who and what a session has by what is published."""

    facilitator: UUID | None = None
    cofacilitator: UUID | None = None
    room: UUID | None = None


UNFILLED = Staffing()


@dataclass(frozen=True, slots=True)
class Session:
    """What is to be held: a session of a cohort, at its one time, or one of a client, within
    `times` at which the client can come while the site is open. `usual` is who leads the cohort or
    treats the client as a rule, `preferred` when the client would rather."""

    id: UUID
    site_id: UUID
    times: tuple[Span, ...]
    minutes: int
    people: int
    posts: tuple[Post, ...] = ("session",)
    client_id: UUID | None = None
    kind: str | None = None
    telehealth: bool = False
    credentials: tuple[str, ...] = ()
    usual: UUID | None = None
    preferred: tuple[Span, ...] = ()
    published: Staffing = UNFILLED

    def stay(self, begins: int) -> Stay:
        """Where it is held, and when if it begins then."""
        site = None if self.telehealth else self.site_id
        return Stay(site, Span(begins, begins + self.minutes))


@dataclass(frozen=True, slots=True)
class Problem:
    """A week of sites, sessions of cohorts first. `ways` holds the minutes between each two of the
    sites that somebody goes between."""

    rooms: tuple[Room, ...]
    people: tuple[Person, ...]
    sessions: tuple[Session, ...]
    ways: Way = field(default_factory=dict)

    @property
    def of_cohorts(self) -> list[Session]:
        return [one for one in self.sessions if one.client_id is None]

    @property
    def of_clients(self) -> list[Session]:
        return [one for one in self.sessions if one.client_id is not None]

    def only(self, is_kept: Callable[[Session], bool]) -> "Problem":
        """The same week with nothing else to be held than what is kept."""
        return replace(self, sessions=tuple(filter(is_kept, self.sessions)))


class Place(NamedTuple):
    """When somebody has a post, and who."""

    begins: int
    person: UUID


Who = Mapping[Key, Place]
"""Who has each post, and when: for sessions of one client that is chosen, too."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What the plan is worth in one regard, less being better, and what no plan can be below that
    is as good in the stages before."""

    name: StageName
    objective: int
    bound: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Who has which post, which room each session has, and what has no place: each with rules of
    which every one stands in the way together with the others, as without any of them it would be
    placed beside all that is; without rules they were not looked for."""

    who: Who
    rooms: Mapping[UUID, UUID]
    unplaced: Mapping[Key, tuple[Rule, ...]] = field(default_factory=dict)
    stages: tuple[Stage, ...] = ()

    @property
    def reached(self) -> tuple[int, ...]:
        """What it is worth in each stage."""
        return tuple(stage.objective for stage in self.stages)

    @property
    def proved(self) -> bool:
        """Whether no plan is better: each stage reaches its bound."""
        return bool(self.stages) and all(one.objective == one.bound for one in self.stages)

    @property
    def gap(self) -> float:
        """The largest of the stages, as a share of the objective."""
        gaps = ((at.objective - at.bound) / at.objective for at in self.stages if at.objective)
        return max(gaps, default=0.0)

    def has(self, one: UUID, post: Post) -> UUID | None:
        """Who has a post, or which room."""
        if post == "room":
            return self.rooms.get(one)
        return None if (place := self.who.get((one, post))) is None else place.person

    def stay(self, one: Session) -> Stay | None:
        """Where and when it is held; a session of one client that has no place is not."""
        if one.client_id is None:
            return one.stay(one.times[0].begins)
        return None if (at := self.who.get((one.id, "session"))) is None else one.stay(at.begins)


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same times in order, those that touch as one."""
    made: list[Span] = []
    for span in sorted(spans):
        if made and span.begins <= made[-1].ends:
            made[-1] = Span(made[-1].begins, max(made[-1].ends, span.ends))
        else:
            made.append(span)
    return tuple(made)


def without(spans: Iterable[Span], holes: Iterable[Span]) -> tuple[Span, ...]:
    """The times that are in no hole."""
    left = joined(spans)
    for hole in holes:
        before = (Span(one.begins, min(one.ends, hole.begins)) for one in left)
        after = (Span(max(one.begins, hole.ends), one.ends) for one in left)
        left = tuple(sorted(one for one in (*before, *after) if one.begins < one.ends))
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


def at_once(taken: Iterable[tuple[Span, T]]) -> Iterator[tuple[int, list[T]]]:
    """Each largest set of those that are all under way at one minute, with that minute: two overlap
    if and only if they are in one of the sets."""
    going: list[tuple[Span, T]] = []
    for span, one in sorted(taken, key=lambda pair: pair[0]):
        left = [other for other in going if other[0].ends > span.begins]
        if len(left) < len(going):
            yield going[-1][0].begins, [other for _, other in going]
        going = [*left, (span, one)]
    if going:
        yield going[-1][0].begins, [other for _, other in going]


class Stop:
    """Whether a plan is to end with the best so far. It may be asked for from any thread, and more
    than once; `solving` are the solvers at work, which hear of it."""

    def __init__(self) -> None:
        self.asked = False
        self.solving: WeakSet[Any] = WeakSet()

    def ask(self) -> None:
        self.asked = True
        for one in tuple(self.solving):
            one.stop_search()
