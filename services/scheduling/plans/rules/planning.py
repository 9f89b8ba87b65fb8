"""A week planned part by part, on several cores."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Lock
from time import monotonic
from uuid import UUID

from services.scheduling.plans.policy import PlanPolicy
from services.scheduling.plans.rules.explaining import conflict
from services.scheduling.plans.rules.greedy import Greedy
from services.scheduling.plans.rules.improving import Part, improve
from services.scheduling.plans.rules.measures import STAGES, Permitted
from services.scheduling.plans.rules.problem import Plan, Problem, Stage, Stop


def plan_week(
    problem: Problem,
    policy: PlanPolicy,
    *,
    stop: Stop,
    told: Callable[[Sequence[Stage]], None] = lambda stages: None,
) -> Plan:
    """The best plan that is found within the policy's seconds, on its cores: there always is one.
    `told` hears of each part's better plan and bound, in any thread. What has no place has its
    rules in conflict, found afterwards; what `stop` cut short may have none. Stopped before it
    begins it is the plan that is made without looking back.
    """
    until, choosing = monotonic() + policy.seconds, Lock()
    permitted = [Permitted(part, policy) for part in parts(problem)]
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
        unplaced = {
            key: rules
            if rules or place >= policy.explained or stop.asked
            else conflict(part.permitted, part.plan, key)
            for place, (key, rules) in enumerate(part.plan.unplaced.items())
        }
        return replace(part.plan, unplaced=unplaced)

    with ThreadPoolExecutor(policy.cores) as cores:
        list(cores.map(improve_parts, range(policy.cores)))
        return whole(list(cores.map(explain, week)))


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
        for n, name in enumerate(STAGES)
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
