"""A plan made session by session, never looking back: where the solver starts, and what it is
compared with."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

from services.scheduling.plans.policy import Post
from services.scheduling.plans.rules import measures
from services.scheduling.plans.rules import problem as week

T = TypeVar("T", week.Person, week.Room)


class Greedy:
    """Takes for each session, in the order of time, whoever costs least; then the sessions of one
    client, those with the fewest times first."""

    def __init__(self, permitted: measures.Permitted) -> None:
        self.problem = permitted.problem
        self.permitted = permitted
        self.who: dict[week.Key, week.Place] = {}
        self.rooms: dict[UUID, UUID] = {}
        self.taken: dict[UUID | None, list[week.Stay]] = defaultdict(list)
        self.minutes: dict[UUID, int] = defaultdict(int)
        self.clients = {one.id: set[UUID | None](one.caseload) for one in self.problem.people}
        self.working = {one.id: measures.working_minutes(one) or 1 for one in self.problem.people}

    def plan(self) -> week.Plan:
        """The plan, with what it is worth and no bound but 0."""
        for session in sorted(self.problem.of_cohorts, key=lambda one: (one.times, one.id)):
            for post in session.posts:
                self._fill(session, post)
        times = {one.id: self.permitted.times(one) for one in self.problem.of_clients}
        for session in sorted(
            self.problem.of_clients, key=lambda one: (len(times[one.id]), one.id)
        ):
            self._place(session, times[session.id])
        asked = ((one.id, post) for one in self.problem.sessions for post in one.posts)
        has = {*self.who, *((one, "room") for one in self.rooms)}
        made = week.Plan(self.who, self.rooms, {key: () for key in asked if key not in has})
        return replace(made, stages=measures.stages(self.permitted.worth(made), (0, 0, 0)))

    def _fill(self, session: week.Session, post: Post) -> None:
        begins, told = session.times[0].begins, session.published
        stay, published = session.stay(begins), getattr(told, post)
        if post == "room":
            self._has_room(session, stay, published)
            return
        usual = session.usual if post == "facilitator" else None
        kept = {told.facilitator, told.cofacilitator} - {published, None}
        found = self._first(
            self.permitted.people(session, stay),
            stay,
            lambda one: (one.id != published, one.id in kept, one.id != usual, self._load(one.id)),
        )
        if found is not None:
            self.who[session.id, post] = week.Place(begins, found.id)
            self.minutes[found.id] += session.minutes

    def _place(self, session: week.Session, times: list[int]) -> None:
        key: week.Key = session.id, "session"

        def cost(place: week.Place) -> tuple[int, float, week.Place]:
            return self.permitted.wish(key, place), self._load(place.person), place

        options = (
            week.Place(begins, person.id)
            for begins in times
            if self._is_free(session.client_id, session.stay(begins))
            for person in self.permitted.people(session, session.stay(begins))
            if self._sees(person, session.client_id)
        )
        for place in sorted(options, key=cost):
            stay = session.stay(place.begins)
            if self._is_free(place.person, stay) and self._has_room(session, stay, None):
                self.who[key] = place
                self.minutes[place.person] += session.minutes
                self.clients[place.person].add(session.client_id)
                self.taken[place.person].append(stay)
                self.taken[session.client_id].append(stay)
                return

    def _has_room(self, one: week.Session, stay: week.Stay, published: UUID | None) -> bool:
        """Whether there is a room for it, which is taken."""
        rooms = (room for room in self.problem.rooms if measures.fits(room, one, stay.span))
        found = self._first(rooms, stay, lambda room: (room.id != published, room.capacity))
        if found is not None:
            self.rooms[one.id] = found.id
        return found is not None

    def _first(
        self, options: Iterable[T], stay: week.Stay, key: Callable[[T], tuple[object, ...]]
    ) -> T | None:
        """Of those that are free then the first, by `key` and id, who is taken from now on."""
        free = (one for one in options if self._is_free(one.id, stay))
        found = min(free, key=lambda one: (*key(one), one.id), default=None)
        if found is not None:
            self.taken[found.id].append(stay)
        return found

    def _sees(self, person: week.Person, client_id: UUID | None) -> bool:
        """Whether the caseload of the person has the client, or room for one more."""
        clients, limit = self.clients[person.id], person.caseload_limit
        return limit is None or client_id in clients or len(clients) < limit

    def _load(self, person: UUID) -> float:
        return self.minutes[person] / self.working[person]

    def _is_free(self, one: UUID | None, stay: week.Stay) -> bool:
        ways, taken = self.problem.ways, self.taken[one]
        return not any(measures.collide(stay, other, ways) for other in taken)
