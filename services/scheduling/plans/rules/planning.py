"""A week planned part by part, on several cores: each part better and better."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock
from time import monotonic
from uuid import UUID

from services.scheduling.plans.policy import PlanPolicy
from services.scheduling.plans.rules import measures
from services.scheduling.plans.rules.explaining import conflict
from services.scheduling.plans.rules.greedy import Greedy
from services.scheduling.plans.rules.model import Model, with_rooms
from services.scheduling.plans.rules.problem import Plan, Problem, Stage, Stop, Who
from services.scheduling.plans.rules.stages import by_stages, least

Told = Callable[[Sequence[Stage]], None]


def plan_week(
    problem: Problem, policy: PlanPolicy, *, stop: Stop, told: Told = lambda stages: None
) -> Plan:
    """The best plan that is found within the policy's seconds, on its cores: there always is one.
    `told` hears of each part's better plan and bound, in any thread. What has no place has its
    rules in conflict, found afterwards; what `stop` cut short may have none. Stopped before it
    begins it is the plan that is made without looking back.
    """
    until, choosing = monotonic() + policy.seconds, Lock()
    permitted = [measures.Permitted(part, policy) for part in parts(problem)]
    week = [Part(one, Greedy(one).plan()) for one in permitted]
    told(total([part.plan.stages for part in week]))

    def improve_parts(_: int) -> None:
        """Improve what is open and nobody else does: what had fewest rounds, the furthest first."""
        while (left := until - monotonic()) > 1 and not stop.asked:
            with choosing:
                open_ = [part for part in week if part.is_open]
                waiting = [part for part in open_ if not part.taken]
                if not waiting:
                    return
                part = min(waiting, key=lambda one: (one.rounds, -one.plan.gap))
                part.taken = True
            share, workers = min(1, policy.cores / len(open_)), max(1, policy.cores // len(open_))
            times = {"seconds": left / 2 * share, "until": until}
            part.plan = improve(part, stop, **times, workers=workers)
            part.rounds += 1
            part.taken = False
            told(total([part.plan.stages for part in week]))

    def explain(part: Part) -> Plan:
        unplaced = dict(part.plan.unplaced)
        for key in list(unplaced)[: policy.explained]:
            if not unplaced[key] and not stop.asked:
                unplaced[key] = conflict(part.permitted, part.plan, key)
        return replace(part.plan, unplaced=unplaced)

    with ThreadPoolExecutor(policy.cores) as cores:
        list(cores.map(improve_parts, range(policy.cores)))
        return whole(list(cores.map(explain, week)))


@dataclass(slots=True)
class Part:
    """A part of the week with its best plan, who is `crowded` in it (see `improve`), how often it
    was improved, and whether it is now."""

    permitted: measures.Permitted
    plan: Plan
    crowded: set[UUID] = field(default_factory=set)
    rounds: int = 0
    taken: bool = False

    @property
    def is_open(self) -> bool:
        """Whether a better plan is worth looking for."""
        return 100 * self.plan.gap > self.permitted.policy.gap_percent


def improve(part: Part, stop: Stop, *, seconds: float, until: float, workers: int) -> Plan:
    """A plan of the part that is at least as good as the one that it has.

    First it is asked for so many seconds who does what, without times, which no plan can be better
    than; then when, by those who were chosen. Where that is as good, it is the best there is. Else
    those who have no time for all that was chosen are `crowded` from now on: others may see their
    clients, and the next time it is asked with their times, in the end with everybody's.
    """
    permitted, start, crowded = part.permitted, part.plan, part.crowded
    worth = partial(permitted.worth, rooms=False)
    known, everybody = [start], {one.id for one in permitted.problem.people}
    solve = partial(by_stages, known=known, stop=stop, workers=workers)
    model = Model(permitted, timed=None if crowded == everybody else crowded)
    best = chosen = solve(model, start, seconds=seconds) or start
    known.append(chosen)
    if crowded != everybody and chosen.who is not start.who:
        found = solve(Model(permitted, who=chosen.who), None, seconds=until - monotonic())
        if found is not None and found.reached > chosen.reached:
            more = _crowded(permitted, chosen.who, found)
            if worth(start) <= found.reached:
                told = chosen.who.items()
                kept = {k: at for k, at in told if k[1] != "session" or at.person not in more}
                found = solve(Model(permitted, who=kept), None, seconds=until - monotonic())
            crowded |= (more - crowded) or everybody
        best = start if found is None or found.reached >= worth(start) else found
    made = with_rooms(permitted, best)
    if permitted.worth(made) > permitted.worth(start):
        made = start
    bounds = [min(now, least(worth(made)[:n], known)) for n, now in enumerate(worth(made))]
    if not any(post == "room" for _, post in made.unplaced):
        bounds[1] += measures.unavoidable(permitted.problem)
    return replace(made, stages=measures.stages(permitted.worth(made), bounds))


def _crowded(permitted: measures.Permitted, who: Who, found: Plan) -> set[UUID]:
    """Who has no time for what was chosen for them, or a worse one."""
    wish = permitted.wish
    return {
        before.person
        for key, before in who.items()
        if (now := found.who.get(key)) is None or wish(key, before) < wish(key, now)
    }


def whole(plans: Sequence[Plan]) -> Plan:
    """The plans of the parts as one."""
    return Plan(
        {key: place for plan in plans for key, place in plan.who.items()},
        {one: room for plan in plans for one, room in plan.rooms.items()},
        {key: rules for plan in plans for key, rules in plan.unplaced.items()},
        total([plan.stages for plan in plans]),
    )


def total(of_parts: Sequence[Sequence[Stage]]) -> tuple[Stage, ...]:
    """The stages of the parts as those of the whole."""
    return tuple(
        Stage(
            name, sum(one[n].objective for one in of_parts), sum(one[n].bound for one in of_parts)
        )
        for n, name in enumerate(measures.STAGES)
    )


def parts(problem: Problem) -> list[Problem]:
    """The problem in parts that share no site, person or client, the largest first."""
    of_client: dict[UUID, set[UUID]] = defaultdict(set)
    for one in problem.sessions:
        of_client[one.client_id or one.id].add(one.site_id)
    apart = list[frozenset[UUID]]()
    for linked in (*of_client.values(), *(person.sites for person in problem.people)):
        near = [sites for sites in apart if sites & linked]
        apart = [sites for sites in apart if sites not in near]
        apart.append(frozenset(linked).union(*near))

    def of_part(sites: frozenset[UUID]) -> Problem:
        rooms = tuple(room for room in problem.rooms if room.site_id in sites)
        people = tuple(person for person in problem.people if person.sites & sites)
        held = problem.only(lambda one: one.site_id in sites)
        return replace(held, rooms=rooms, people=people)

    found = (part for part in map(of_part, apart) if part.sessions)
    return sorted(found, key=lambda one: len(one.people) * len(one.sessions), reverse=True)
