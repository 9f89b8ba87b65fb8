"""Which rules keep a person from a session, whatever else is planned."""

from collections.abc import Sequence
from functools import cached_property
from uuid import UUID

from services.scheduling.plans.policy import PlanPolicy
from services.scheduling.plans.rules import problem as week
from services.scheduling.plans.rules.spans import joined, starts


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
    hours = joined(span for site, span in person.hours if stay.site_id in (None, site))
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
        return starts(demand.available, demand.minutes, self.policy.step_minutes)
