"""Which rules keep a person from a session, and what a plan is worth: the one measure for every
planner."""

from collections.abc import Sequence
from functools import cached_property
from math import ceil, gcd
from uuid import UUID

from services.scheduling.plans.policy import PlanPolicy, Post
from services.scheduling.plans.rules import problem as week

POSTS: tuple[Post, ...] = ("facilitator", "cofacilitator", "room")
STAGES: tuple[week.StageName, ...] = ("unplaced", "changes", "wishes")


def broken(
    person: week.Person, one: week.Session, stay: week.Stay, ways: week.Way
) -> list[week.Rule]:
    """The rules that keep `person` from holding a session there and then; none: the person may."""
    found = []
    if one.site_id not in person.sites:
        found.append(week.Rule("works_at_site", one.id))
    void = (person.credentials.get(credential, 0) for credential in one.credentials)
    if any(until is not None and until < stay.span.ends for until in void):
        found.append(week.Rule("credentials", one.id))
    hours = week.joined(span for site, span in person.hours if stay.site_id in (None, site))
    if not any(window.covers(stay.span) for window in hours):
        found.append(week.Rule("working_hours", person.id))
    if any(away.meets(stay.span) for away in person.leave):
        found.append(week.Rule("leave", person.id))
    if any(collide(stay, taken, ways) for taken in person.taken):
        found.append(week.Rule("booked_elsewhere", person.id))
    if not any(span.covers(stay.span) for span in one.times):
        found.append(week.Rule("availability", one.client_id))
    return found


def collide(one: week.Stay, other: week.Stay, ways: week.Way) -> bool:
    """Whether nobody can be at both: they overlap, or the way between is longer than the time."""
    here, there = one.site_id, other.site_id
    gap = 0 if here is None or there is None else ways.get((here, there), 0)
    return one.span.meets(other.span, gap)


def fits(room: week.Room, one: week.Session, span: week.Span) -> bool:
    """Whether a room is large enough for a session, of its kind, and not taken for another."""
    return (
        room.site_id == one.site_id
        and room.telehealth == one.telehealth
        and room.capacity >= one.people
        and not any(span.meets(taken) for taken in room.taken)
    )


class Permitted:
    """A week and its policy: who may hold which session when, and what plans are worth. Each
    question is answered once."""

    def __init__(self, problem: week.Problem, policy: PlanPolicy) -> None:
        self.problem = problem
        self.policy = policy
        self._answers: dict[tuple[UUID, week.Stay, tuple[str, ...]], list[week.Person]] = {}

    @cached_property
    def asked(self) -> dict[UUID, week.Session]:
        """What is to be held, by its id."""
        return {one.id: one for one in self.problem.sessions}

    @cached_property
    def of_site(self) -> dict[UUID, list[week.Person]]:
        """Who works at a site."""
        found: dict[UUID, list[week.Person]] = {}
        for person in self.problem.people:
            for site in person.sites:
                found.setdefault(site, []).append(person)
        return found

    @cached_property
    def unit(self) -> int:
        """The minutes that all lengths of sessions are a multiple of: what is above an even share
        is counted in them."""
        return gcd(*(one.minutes for one in self.problem.sessions)) or 1

    @cached_property
    def share(self) -> dict[UUID, int]:
        """Up to how many minutes of sessions nobody minds, for each person: their share of all
        minutes by their working time, and the tolerance."""
        working = {person.id: working_minutes(person) for person in self.problem.people}
        asked = sum(
            one.minutes for one in self.problem.sessions for post in one.posts if post != "room"
        )
        percent = 100 + self.policy.load_tolerance_percent
        whole = 100 * (sum(working.values()) or 1) * self.unit
        return {
            one: ceil(asked * minutes * percent / whole) * self.unit
            for one, minutes in working.items()
        }

    def people(self, one: week.Session, stay: week.Stay) -> Sequence[week.Person]:
        """Whom no rule keeps from it."""
        key = one.site_id, stay, one.credentials
        if key not in self._answers:
            self._answers[key] = [
                person
                for person in self.of_site.get(one.site_id, ())
                if not broken(person, one, stay, self.problem.ways)
            ]
        return self._answers[key]

    def times(self, one: week.Session) -> list[int]:
        """When it may begin: a session of one client when the client can come."""
        return week.starts(one.times, one.minutes, self.policy.step_minutes)

    def wish(self, key: week.Key, place: week.Place) -> int:
        """What it weighs to see the clients there and then, with that person."""
        one, cost = self.asked[key[0]], 0
        if key[1] != "cofacilitator" and one.usual not in (None, place.person):
            cost += self.policy.continuity
        span = week.Span(place.begins, place.begins + one.minutes)
        if one.preferred and not any(rather.meets(span) for rather in one.preferred):
            cost += self.policy.preferred_time
        return cost

    def worth(self, plan: week.Plan, *, rooms: bool = True) -> tuple[int, int, int]:
        """What a plan is worth in each stage: what has no place, how many posts are changed, those
        of rooms with `rooms`, and the wishes that are not met."""
        unplaced = sum(self.policy.unplaced[post] for _, post in plan.unplaced)
        changes = sum(
            plan.has(one.id, post) not in (None, told)
            for one in self.problem.sessions
            for post, told in zip(POSTS, one.published, strict=True)
            if told is not None and (rooms or post != "room")
        )
        load = dict.fromkeys((person.id for person in self.problem.people), 0)
        for (one, _), place in plan.who.items():
            load[place.person] += self.asked[one].minutes
        wishes = sum(self.wish(key, place) for key, place in plan.who.items())
        wishes += sum(max(0, minutes - self.share[one]) for one, minutes in load.items())
        return unplaced, changes, wishes


def stages(worth: Sequence[int], bounds: Sequence[int]) -> tuple[week.Stage, ...]:
    """What a plan is worth, and what none can be below."""
    return tuple(map(week.Stage, STAGES, worth, bounds))


def working_minutes(person: week.Person) -> int:
    hours = week.joined(stay.span for stay in person.hours)
    return sum(span.minutes for span in week.without(hours, person.leave))


def precedence(session: week.Session, place: week.Place) -> tuple[int, bool, UUID]:
    """Who of two that hold a session leads it: that little is changed and the wish is met."""
    told, person = session.published, place.person
    changes = (told.facilitator not in (None, person)) - (told.cofacilitator not in (None, person))
    return changes, session.usual not in (None, person), person


def unavoidable(problem: week.Problem) -> int:
    """How many sessions cannot stay in the room that was published, whatever is planned."""
    rooms = {room.id: room for room in problem.rooms}
    return sum(
        (told := one.published.room) is not None
        and not (told in rooms and fits(rooms[told], one, one.times[0]))
        for one in problem.sessions
    )
