"""Which rules keep a person from a session, and what a plan is worth: the one measure for every
planner."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from math import ceil, gcd
from uuid import UUID

from services.scheduling.plans.policy import PlanPolicy, Post
from services.scheduling.plans.rules import problem as week

POSTS: tuple[Post, ...] = ("facilitator", "cofacilitator", "room")
STAGES: tuple[week.StageName, ...] = ("unplaced", "changes", "wishes")


def broken(
    person: week.Person, one: week.Asked, stay: week.Stay, ways: week.Way
) -> list[week.Rule]:
    """The rules that keep `person` from holding a session there and then; none: the person may."""
    found = []
    if one.site_id not in person.sites:
        found.append(week.Rule("works_at_site", one.id))
    for credential in one.credentials:
        until = person.credentials.get(credential, 0)
        if until is not None and until < stay.span.ends:
            found.append(week.Rule("credentials", one.id))
            break
    hours = week.joined(span for site, span in person.hours if stay.site_id in (None, site))
    if not any(window.covers(stay.span) for window in hours):
        found.append(week.Rule("working_hours", person.id))
    if any(away.meets(stay.span) for away in person.leave):
        found.append(week.Rule("leave", person.id))
    if any(collide(stay, taken, ways) for taken in person.taken):
        found.append(week.Rule("booked_elsewhere", person.id))
    return found


def collide(one: week.Stay, other: week.Stay, ways: week.Way) -> bool:
    """Whether nobody can be at both: they overlap, or the way between is longer than the time."""
    return one.span.meets(other.span, way(one.site_id, other.site_id, ways))


def way(one: UUID | None, other: UUID | None, ways: week.Way) -> int:
    """Minutes from one to the other; none where it does not matter where somebody is."""
    return 0 if one is None or other is None or one == other else ways.get((one, other), 0)


def fits(room: week.Room, one: week.Asked, span: week.Span) -> bool:
    """Whether a room is large enough for a session, of its kind, and not taken for another."""
    return (
        room.site_id == one.site_id
        and room.telehealth == one.telehealth
        and room.capacity >= one.people
        and not any(span.meets(taken) for taken in room.taken)
    )


class Permitted:
    """A week and its policy: who may hold which session when. Each question is answered once."""

    def __init__(self, problem: week.Problem, policy: PlanPolicy) -> None:
        self.problem = problem
        self.policy = policy
        self._answers: dict[tuple[UUID, week.Stay, tuple[str, ...]], list[week.Person]] = {}

    @cached_property
    def of_site(self) -> dict[UUID, list[week.Person]]:
        """Who works at a site."""
        found: dict[UUID, list[week.Person]] = {}
        for person in self.problem.people:
            for site in person.sites:
                found.setdefault(site, []).append(person)
        return found

    def people(self, one: week.Asked, stay: week.Stay) -> Sequence[week.Person]:
        """Whom no rule keeps from it."""
        key = one.site_id, stay, one.credentials
        if key not in self._answers:
            self._answers[key] = [
                person
                for person in self.of_site.get(one.site_id, ())
                if not broken(person, one, stay, self.problem.ways)
            ]
        return self._answers[key]

    def times(self, demand: week.Demand) -> list[int]:
        """When the session may begin, for the client."""
        return week.starts(demand.available, demand.minutes, self.policy.step_minutes)


def even_share(problem: week.Problem, policy: PlanPolicy) -> dict[UUID, int]:
    """Up to how many minutes of sessions nobody minds, for each person: their share of all minutes
    by their working time, and the tolerance."""
    working = {person.id: working_minutes(person) for person in problem.people}
    asked = sum(one.span.minutes * (1 + one.cofacilitated) for one in problem.sessions)
    asked += sum(one.minutes for one in problem.demands)
    whole = sum(working.values()) or 1
    percent = 100 + policy.load_tolerance_percent
    unit = unit_of(problem)
    return {
        one: ceil(asked * minutes * percent / (100 * whole * unit)) * unit
        for one, minutes in working.items()
    }


def unit_of(problem: week.Problem) -> int:
    """The minutes that all lengths of sessions are a multiple of: what is above an even share is
    counted in them."""
    lengths = {one.span.minutes for one in problem.sessions}
    return gcd(*lengths, *(one.minutes for one in problem.demands)) or 1


def precedence(session: week.Session, person: UUID) -> tuple[int, bool, UUID]:
    """Who of two that hold a session leads it: that little is changed and the wish is met."""
    told = session.published
    changes = (told.facilitator not in (None, person)) - (told.cofacilitator not in (None, person))
    return changes, session.usual not in (None, person), person


def in_order(session: week.Session, staffing: week.Staffing) -> week.Staffing:
    """The same two, and who of them is to lead leads."""
    lead, helper = staffing.facilitator, staffing.cofacilitator
    if lead and helper and precedence(session, helper) < precedence(session, lead):
        return replace(staffing, facilitator=helper, cofacilitator=lead)
    return staffing


def working_minutes(person: week.Person) -> int:
    hours = week.joined(stay.span for stay in person.hours)
    return sum(span.minutes for span in week.without(hours, person.leave))


def wish(demand: week.Demand, place: week.Place, policy: PlanPolicy) -> int:
    """What it weighs to see the client there and then, with that person."""
    cost = 0
    if demand.usual is not None and place.facilitator != demand.usual:
        cost += policy.continuity
    span = demand.stay(place.begins).span
    if demand.preferred and not any(rather.meets(span) for rather in demand.preferred):
        cost += policy.preferred_time
    return cost


def objectives(
    problem: week.Problem, plan: week.Plan, policy: PlanPolicy, *, rooms: bool = True
) -> tuple[int, int, int]:
    """What a plan is worth in each stage: what has no place, how many posts are changed, those of
    rooms with `rooms`, and the wishes that are not met."""
    unplaced = sum(policy.unplaced[one.post] for one in plan.unplaced)
    changes = sum(1 for _, post in changed(problem, plan) if rooms or post != "room")
    wishes = sum(
        policy.continuity
        for one in problem.sessions
        if (now := plan.staffing[one.id].facilitator) is not None and one.usual not in (None, now)
    )
    load = dict.fromkeys((person.id for person in problem.people), 0)
    for session in problem.sessions:
        staffing = plan.staffing[session.id]
        for person in (staffing.facilitator, staffing.cofacilitator):
            if person is not None:
                load[person] += session.span.minutes
    for demand in problem.demands:
        if (place := plan.places.get(demand.id)) is not None:
            load[place.facilitator] += demand.minutes
            wishes += wish(demand, place, policy)
    share = even_share(problem, policy)
    wishes += sum(max(0, minutes - share[one]) for one, minutes in load.items())
    return unplaced, changes, wishes


def changed(problem: week.Problem, plan: week.Plan) -> Iterator[tuple[week.Session, Post]]:
    """Each post that somebody else has than was published. What has no place is none of them."""
    for session in problem.sessions:
        now = plan.staffing[session.id]
        for post in POSTS:
            before, after = getattr(session.published, post), getattr(now, post)
            if None not in (before, after) and before != after:
                yield session, post


def needed(session: week.Session) -> Iterator[Post]:
    """The posts of a session that are to be filled."""
    yield "facilitator"
    if session.cofacilitated:
        yield "cofacilitator"
    yield "room"


def posts_of(problem: week.Problem) -> Iterator[tuple[UUID, Post]]:
    """All that is to have a place."""
    for session in problem.sessions:
        for post in needed(session):
            yield session.id, post
    for demand in problem.demands:
        yield demand.id, "session"


def unavoidable(problem: week.Problem) -> int:
    """How many sessions cannot stay in the room that was published, whatever is planned."""
    rooms = {room.id: room for room in problem.rooms}
    return sum(
        (told := one.published.room) is not None
        and not (told in rooms and fits(rooms[told], one, one.span))
        for one in problem.sessions
    )
