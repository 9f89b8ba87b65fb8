"""A week planned part by part, on several cores."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Lock
from time import monotonic
from uuid import UUID

from services.scheduling.plans.policy import PlanPolicy
from services.scheduling.plans.rules.explaining import conflict
from services.scheduling.plans.rules.greedy import Greedy
from services.scheduling.plans.rules.improving import improve
from services.scheduling.plans.rules.parts import Stop, parts
from services.scheduling.plans.rules.permitted import Permitted
from services.scheduling.plans.rules.problem import Plan, Problem, Stage, StageName
from services.scheduling.plans.rules.worth import STAGES, is_close


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
    until = monotonic() + policy.seconds
    pieces = parts(problem)
    permitted = [Permitted(piece, policy) for piece in pieces]
    plans = [Greedy(piece).plan() for piece in permitted]
    told(total(plan.stages for plan in plans))
    crowded = [set[UUID]() for _ in pieces]

    def explain(number: int, plan: Plan) -> Plan:
        seconds = policy.seconds_to_explain
        explained = [
            one
            if one.conflict or place >= policy.explained or stop.asked
            else replace(one, conflict=conflict(permitted[number], plan, one, seconds))
            for place, one in enumerate(plan.unplaced)
        ]
        return replace(plan, unplaced=tuple(explained))

    rounds, taken, choosing = [0] * len(pieces), set[int](), Lock()

    def is_open(number: int) -> bool:
        return not all(is_close([s.objective], [s.bound], policy) for s in plans[number].stages)

    def improve_parts(_: int) -> None:
        """Improve what is open and nobody else does: what had fewest rounds, the furthest first."""
        while (left := until - monotonic()) > 1 and not stop.asked:
            with choosing:
                open_ = [number for number in range(len(pieces)) if is_open(number)]
                waiting = [number for number in open_ if number not in taken]
                if not waiting:
                    return
                number = min(waiting, key=lambda one: (rounds[one], -plans[one].gap))
                taken.add(number)
            plans[number] = improve(
                permitted[number],
                plans[number],
                seconds=left / 2 * min(1, policy.cores / len(open_)),
                until=until,
                stop=stop,
                crowded=crowded[number],
                workers=max(1, policy.cores // len(open_)),
            )
            rounds[number] += 1
            taken.remove(number)
            told(total(plan.stages for plan in plans))

    with ThreadPoolExecutor(policy.cores) as cores:
        list(cores.map(improve_parts, range(policy.cores)))
        plans = list(cores.map(explain, range(len(pieces)), plans))
    return whole(plans)


def greedy_week(problem: Problem, policy: PlanPolicy) -> Plan:
    """The plan that is made without looking back."""
    return whole([Greedy(Permitted(piece, policy)).plan() for piece in parts(problem)])


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
    objective: dict[StageName, int] = defaultdict(int)
    bound: dict[StageName, int] = defaultdict(int)
    for stages in parts_of_plan:
        for stage in stages:
            objective[stage.name] += stage.objective
            bound[stage.name] += stage.bound
    return tuple(Stage(name, objective[name], bound[name]) for name in STAGES)
