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
        self.problem = problem = permitted.problem
        self.policy = permitted.policy
        self.permitted = permitted
        self.taken: dict[UUID, list[week.Stay]] = defaultdict(list)
        self.minutes: dict[UUID, int] = defaultdict(int)
        self.clients = {one.id: set(one.caseload) for one in problem.people}
        self.working = {one.id: measures.working_minutes(one) or 1 for one in problem.people}
        self.unplaced: list[week.Unplaced] = []

    def plan(self) -> week.Plan:
        """The plan, with what it is worth and no bound but 0."""
        sessions = sorted(self.problem.sessions, key=lambda one: (one.span, one.id))
        staffing = {one.id: self._staff(one) for one in sessions}
        times = {one.id: self.permitted.times(one) for one in self.problem.demands}
        places = {}
        for one in sorted(self.problem.demands, key=lambda one: (len(times[one.id]), one.id)):
            if (place := self._place(one, times[one.id])) is None:
                self.unplaced.append(week.Unplaced(one.id, "session"))
            else:
                places[one.id] = place
        made = week.Plan(staffing, places, tuple(self.unplaced))
        worth = measures.objectives(self.problem, made, self.policy)
        return replace(made, stages=tuple(map(week.Stage, measures.STAGES, worth, (0, 0, 0))))

    def _staff(self, session: week.Session) -> week.Staffing:
        lead = self._person(session, "facilitator")
        second = self._person(session, "cofacilitator") if session.cofacilitated else None
        room = self._room(session, session.stay, session.published.room)
        if room is None:
            self.unplaced.append(week.Unplaced(session.id, "room"))
        return week.Staffing(lead, second, room)

    def _person(self, session: week.Session, post: Post) -> UUID | None:
        told, stay = session.published, session.stay
        published: UUID | None = getattr(told, post)
        usual = session.usual if post == "facilitator" else None
        kept = {told.facilitator, told.cofacilitator} - {published, None}
        found = self._first(
            self.permitted.people(session, stay),
            stay,
            lambda one: (one.id != published, one.id in kept, one.id != usual, self._load(one)),
        )
        if found is None:
            self.unplaced.append(week.Unplaced(session.id, post))
            return None
        self.minutes[found.id] += session.span.minutes
        return found.id

    def _place(self, demand: week.Demand, times: list[int]) -> week.Place | None:
        def cost(option: tuple[int, week.Person]) -> tuple[int, float, int, UUID]:
            begins, person = option
            met = measures.wish(demand, week.Place(begins, person.id), self.policy)
            return met, self._load(person), begins, person.id

        options = (
            (begins, person)
            for begins in times
            if self._is_free(demand.client_id, demand.stay(begins))
            for person in self.permitted.people(demand, demand.stay(begins))
            if self._has_room_for(person, demand.client_id)
        )
        for begins, person in sorted(options, key=cost):
            stay = demand.stay(begins)
            if self._is_free(person.id, stay) and (room := self._room(demand, stay, None)):
                self._take(person.id, stay)
                self._take(demand.client_id, stay)
                self.minutes[person.id] += demand.minutes
                self.clients[person.id].add(demand.client_id)
                return week.Place(begins, person.id, room)
        return None

    def _room(self, one: week.Asked, stay: week.Stay, published: UUID | None) -> UUID | None:
        rooms = (room for room in self.problem.rooms if measures.fits(room, one, stay.span))
        found = self._first(rooms, stay, lambda room: (room.id != published, room.capacity))
        return None if found is None else found.id

    def _first(
        self, options: Iterable[T], stay: week.Stay, key: Callable[[T], tuple[object, ...]]
    ) -> T | None:
        """Of those that are free then the first, by `key` and id, who is taken from now on."""
        free = (one for one in options if self._is_free(one.id, stay))
        found = min(free, key=lambda one: (*key(one), one.id), default=None)
        if found is not None:
            self._take(found.id, stay)
        return found

    def _has_room_for(self, person: week.Person, client_id: UUID) -> bool:
        clients, limit = self.clients[person.id], person.caseload_limit
        return limit is None or client_id in clients or len(clients) < limit

    def _load(self, person: week.Person) -> float:
        return self.minutes[person.id] / self.working[person.id]

    def _is_free(self, one: UUID, stay: week.Stay) -> bool:
        ways, taken = self.problem.ways, self.taken[one]
        return not any(measures.collide(stay, other, ways) for other in taken)

    def _take(self, one: UUID, stay: week.Stay) -> None:
        self.taken[one].append(stay)
