"""A plan made session by session, never looking back: where the solver starts, and what it is
compared with."""

from collections import defaultdict
from dataclasses import replace
from uuid import UUID

from services.scheduling.plans.policy import PlanPolicy, Post
from services.scheduling.plans.rules.permitted import Permitted, collide, fits
from services.scheduling.plans.rules.problem import (
    Demand,
    Person,
    Place,
    Plan,
    Problem,
    Session,
    Staffing,
    Stage,
    Stay,
    Unplaced,
)
from services.scheduling.plans.rules.worth import STAGES, objectives, wish, working_minutes


class Greedy:
    """Takes for each session, in the order of time, whoever costs least; then the sessions of one
    client, those with the fewest times first."""

    def __init__(self, problem: Problem, policy: PlanPolicy, permitted: Permitted) -> None:
        self.problem = problem
        self.policy = policy
        self.permitted = permitted
        self.taken: dict[UUID, list[Stay]] = defaultdict(list)
        self.minutes: dict[UUID, int] = defaultdict(int)
        self.clients = {one.id: set(one.caseload) for one in problem.people}
        self.working = {one.id: working_minutes(one) or 1 for one in problem.people}
        self.unplaced: list[Unplaced] = []

    def plan(self) -> Plan:
        """The plan, with what it is worth and no bound but 0."""
        sessions = sorted(self.problem.sessions, key=lambda one: (one.span, one.id))
        staffing = {one.id: self._staff(one) for one in sessions}
        times = {one.id: self.permitted.times(one) for one in self.problem.demands}
        places = {}
        for one in sorted(self.problem.demands, key=lambda one: (len(times[one.id]), one.id)):
            if (place := self._place(one, times[one.id])) is None:
                self.unplaced.append(Unplaced(one.id, "session"))
            else:
                places[one.id] = place
        made = Plan(staffing, places, tuple(self.unplaced))
        worth = zip(STAGES, objectives(self.problem, made, self.policy), strict=True)
        return replace(made, stages=tuple(Stage(name, now, 0) for name, now in worth))

    def _staff(self, session: Session) -> Staffing:
        lead = self._person(session, "facilitator", session.published.facilitator, session.usual)
        second = None
        if session.cofacilitated:
            second = self._person(session, "cofacilitator", session.published.cofacilitator, None)
        room = self._room(session, session.stay, session.published.room)
        if room is None:
            self.unplaced.append(Unplaced(session.id, "room"))
        return Staffing(lead, second, room)

    def _person(
        self, session: Session, post: Post, published: UUID | None, usual: UUID | None
    ) -> UUID | None:
        told = session.published
        kept = {told.facilitator, told.cofacilitator} - {published, None}
        found = min(
            (
                one
                for one in self.permitted.people(session, session.stay)
                if self._is_free(one.id, session.stay)
            ),
            key=lambda one: (
                one.id != published,
                one.id in kept,
                one.id != usual,
                self._load(one),
                one.id,
            ),
            default=None,
        )
        if found is None:
            self.unplaced.append(Unplaced(session.id, post))
            return None
        self._take(found.id, session.stay)
        self.minutes[found.id] += session.span.minutes
        return found.id

    def _place(self, demand: Demand, times: list[int]) -> Place | None:
        options = sorted(
            (
                (
                    wish(demand, Place(begins, person.id), self.policy),
                    self._load(person),
                    begins,
                    person.id,
                    person,
                )
                for begins in times
                if self._is_free(demand.client_id, demand.stay(begins))
                for person in self.permitted.people(demand, demand.stay(begins))
                if self._has_room_for(person, demand.client_id)
            ),
            key=lambda option: option[:-1],
        )
        for *_, begins, _, person in options:
            stay = demand.stay(begins)
            if self._is_free(person.id, stay) and (room := self._room(demand, stay, None)):
                self._take(person.id, stay)
                self._take(demand.client_id, stay)
                self.minutes[person.id] += demand.minutes
                self.clients[person.id].add(demand.client_id)
                return Place(begins, person.id, room)
        return None

    def _room(self, one: Session | Demand, stay: Stay, published: UUID | None) -> UUID | None:
        found = min(
            (
                room
                for room in self.problem.rooms
                if fits(room, one, stay.span) and self._is_free(room.id, stay)
            ),
            key=lambda room: (room.id != published, room.capacity, room.id),
            default=None,
        )
        if found is None:
            return None
        self._take(found.id, stay)
        return found.id

    def _has_room_for(self, person: Person, client_id: UUID) -> bool:
        clients, limit = self.clients[person.id], person.caseload_limit
        return limit is None or client_id in clients or len(clients) < limit

    def _load(self, person: Person) -> float:
        return self.minutes[person.id] / self.working[person.id]

    def _is_free(self, one: UUID, stay: Stay) -> bool:
        return not any(collide(stay, taken, self.problem.ways) for taken in self.taken[one])

    def _take(self, one: UUID, stay: Stay) -> None:
        self.taken[one].append(stay)
