"""A plan made session by session, never looking back: where the solver starts, and what it is
compared with."""

from collections import defaultdict
from dataclasses import replace
from functools import partial
from uuid import UUID

from services.scheduling.plans.policy import Post
from services.scheduling.plans.rules import measures
from services.scheduling.plans.rules import problem as week


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
        self.clients = {one.id: set(one.caseload) for one in self.problem.people}
        self.working = {one.id: measures.working_minutes(one) or 1 for one in self.problem.people}

    def plan(self) -> week.Plan:
        """The plan, with what it is worth and no bound but 0."""
        in_time = sorted(self.problem.of_cohorts, key=lambda one: (one.times, one.id))
        times = self.permitted.times
        scarce = sorted(self.problem.of_clients, key=lambda one: (len(times(one)), one.id))
        asked = ((one, post) for one in (*in_time, *scarce) for post in one.posts)
        unplaced = {(one.id, post): () for one, post in asked if not self._fill(one, post)}
        for one in in_time:
            held = [(one.id, post) for post in one.posts if (one.id, post) in self.who]
            people = sorted((self.who[key] for key in held), key=partial(measures.precedence, one))
            self.who |= zip(held, people, strict=True)
        made = week.Plan(self.who, self.rooms, unplaced)
        return replace(made, stages=measures.stages(self.permitted.worth(made), (0, 0, 0)))

    def _fill(self, one: week.Session, post: Post) -> bool:
        """Whether there is somebody for a post; for a session of one client a room, too."""
        if post == "room":
            return self._has_room(one, one.stay(one.times[0].begins))
        key, told = (one.id, post), one.published
        published = getattr(told, post, None)
        kept = {told.facilitator, told.cofacilitator} - {published, None}

        def cost(place: week.Place) -> tuple[bool, bool, int, float, week.Place]:
            person, wish = place.person, self.permitted.wish(key, place)
            load = self.minutes[person] / self.working[person]
            return person != published, person in kept, wish, load, place

        options = (
            week.Place(begins, person.id)
            for begins in self.permitted.times(one)
            if self._is_free(one.client_id, one.stay(begins))
            for person in self.permitted.people(one, one.stay(begins))
            if self._sees(person, one.client_id)
        )
        for place in sorted(options, key=cost):
            stay = one.stay(place.begins)
            if self._is_free(place.person, stay) and (
                one.client_id is None or self._has_room(one, stay)
            ):
                self.who[key] = place
                self.minutes[place.person] += one.minutes
                self.taken[place.person].append(stay)
                if one.client_id is not None:
                    self.clients[place.person].add(one.client_id)
                    self.taken[one.client_id].append(stay)
                return True
        return False

    def _has_room(self, one: week.Session, stay: week.Stay) -> bool:
        """Whether a room is free, which is taken: that which was published, or the smallest."""
        fitting = (room for room in self.problem.rooms if measures.fits(room, one, stay.span))
        free = (room for room in fitting if self._is_free(room.id, stay))
        told = one.published.room
        found = min(free, key=lambda room: (room.id != told, room.capacity, room.id), default=None)
        if found is not None:
            self.rooms[one.id] = found.id
            self.taken[found.id].append(stay)
        return found is not None

    def _sees(self, person: week.Person, client_id: UUID | None) -> bool:
        """Whether the caseload of the person has the client, or room for one more."""
        clients, limit = self.clients[person.id], person.caseload_limit
        if client_id is None or limit is None:
            return True
        return client_id in clients or len(clients) < limit

    def _is_free(self, one: UUID | None, stay: week.Stay) -> bool:
        ways, taken = self.problem.ways, self.taken[one]
        return not any(measures.collide(stay, other, ways) for other in taken)
