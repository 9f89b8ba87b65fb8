"""A week planned part by part, on several cores."""

from collections.abc import Callable, Iterable, Sequence
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
    rules in conflict, found afterwards; what `stop` cut short may have none.
    """
    until, choosing = monotonic() + policy.seconds, Lock()
    week = [Part(permitted, Greedy(permitted).plan()) for permitted in _parts(problem, policy)]
    told(total(part.plan.stages for part in week))

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
            told(total(part.plan.stages for part in week))

    def explain(part: Part) -> Plan:
        explained = [
            one
            if one.conflict or place >= policy.explained or stop.asked
            else replace(one, conflict=conflict(part.permitted, part.plan, one))
            for place, one in enumerate(part.plan.unplaced)
        ]
        return replace(part.plan, unplaced=tuple(explained))

    with ThreadPoolExecutor(policy.cores) as cores:
        list(cores.map(improve_parts, range(policy.cores)))
        return whole(list(cores.map(explain, week)))


def _parts(problem: Problem, policy: PlanPolicy) -> list[Permitted]:
    return [Permitted(part, policy) for part in parts(problem)]


def greedy_week(problem: Problem, policy: PlanPolicy) -> Plan:
    """The plan that is made without looking back."""
    return whole([Greedy(permitted).plan() for permitted in _parts(problem, policy)])


def whole(plans: Sequence[Plan]) -> Plan:
    """The plans of the parts as one."""
    return Plan(
        {one: now for plan in plans for one, now in plan.staffing.items()},
        {one: now for plan in plans for one, now in plan.places.items()},
        tuple(one for plan in plans for one in plan.unplaced),
        total(plan.stages for plan in plans),
    )


def total(parts_of_plan: Iterable[Iterable[Stage]]) -> tuple[Stage, ...]:
    """The stages of the parts as those of the whole."""
    nothing = [Stage(name, 0, 0) for name in STAGES]
    return tuple(
        Stage(same[0].name, sum(one.objective for one in same), sum(one.bound for one in same))
        for same in zip(nothing, *parts_of_plan, strict=True)
    )


def parts(problem: Problem) -> list[Problem]:
    """The problem in parts that share no site, person or client, the largest first."""
    head: dict[UUID, UUID] = {}

    def of(site: UUID) -> UUID:
        while head.setdefault(site, site) != site:
            site = head[site]
        return site

    def join(sites: list[UUID]) -> None:
        for other in sites[1:]:
            head[of(other)] = of(sites[0])

    for person in problem.people:
        join(sorted(person.sites))
    first: dict[UUID, UUID] = {}
    for demand in problem.demands:
        join([first.setdefault(demand.client_id, demand.site_id), demand.site_id])

    def of_part(part: UUID) -> Problem:
        rooms = tuple(room for room in problem.rooms if of(room.site_id) == part)
        people = tuple(p for p in problem.people if any(of(site) == part for site in p.sites))
        held = problem.only(lambda one: of(one.site_id) == part)
        return replace(held, rooms=rooms, people=people)

    asked = {of(one.site_id) for one in problem.sessions}
    asked |= {of(one.site_id) for one in problem.demands}
    return sorted(map(of_part, sorted(asked)), key=size, reverse=True)


def size(problem: Problem) -> int:
    """About how much is to be chosen."""
    return 1 + len(problem.people) * (len(problem.sessions) + 10 * len(problem.demands))
