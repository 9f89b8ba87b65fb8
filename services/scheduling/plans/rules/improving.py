"""A part of a week planned better, in stages."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from math import ceil
from operator import le
from time import monotonic
from typing import NamedTuple
from uuid import UUID

from services.scheduling.plans.policy import PlanPolicy
from services.scheduling.plans.rules.goals import changes, goal, unplaced, wishes
from services.scheduling.plans.rules.model import FOUND, Model, holder, solver
from services.scheduling.plans.rules.parts import Stop
from services.scheduling.plans.rules.permitted import Permitted
from services.scheduling.plans.rules.problem import Plan, Problem, Stage
from services.scheduling.plans.rules.rooming import with_rooms
from services.scheduling.plans.rules.worth import STAGES, objectives, unavoidable, wish


def improve(
    permitted: Permitted,
    start: Plan,
    *,
    seconds: float,
    until: float,
    stop: Stop,
    crowded: set[UUID],
    workers: int = 1,
) -> Plan:
    """A plan that is at least as good as `start`.

    First it is asked for so many seconds who does what, without times, which no plan can be better
    than; then when, by those who were chosen. Where that is as good, it is the best there is. Else
    those who have no time for all that was chosen are `crowded` from now on: others may see their
    clients, and the next time it is asked with their times, in the end with everybody's.
    """
    problem, policy = permitted.problem, permitted.policy
    worth = partial(objectives, problem, policy=policy, rooms=False)
    stages = [(stage.objective, stage.bound) for stage in start.stages]
    known = [Found(start, *zip(*stages, strict=True))]
    whole = len(crowded) == len(problem.people)
    solve = partial(by_stages, known=known, stop=stop, workers=workers)
    model = Model(permitted, timed=None if whole else crowded)
    who = solve(model, start, seconds=seconds)
    known.append(who)
    best = who.plan or start
    chosen = best
    if not whole and chosen is not start:
        model = Model(permitted, who=chosen)
        best, found = start, solve(model, None, seconds=until - monotonic())
        if found.plan is not None and found.reached > who.reached:
            more = _crowded(problem, policy, chosen, found.plan)
            if worth(start) <= found.reached:
                held = chosen.places.items()
                free = frozenset(one for one, place in held if place.facilitator in more)
                model = Model(permitted, who=chosen, free=free)
                found = solve(model, None, seconds=until - monotonic())
            crowded |= (more - crowded) or {one.id for one in problem.people}
        if found.plan and found.reached < worth(start):
            best = found.plan
    made = with_rooms(problem, policy, best)
    if objectives(problem, made, policy) > objectives(problem, start, policy):
        made = start
    bounds = _bounds(worth(made), known)
    if not any(one.post == "room" for one in made.unplaced):
        bounds[1] += unavoidable(problem)
    reached = objectives(problem, made, policy)
    return replace(made, stages=tuple(map(Stage, STAGES, reached, bounds)))


class Found(NamedTuple):
    """The best plan of a model, what it is worth, and what no plan of the model is below in a stage
    that is as good in the stages before."""

    plan: Plan | None
    reached: tuple[int, ...] = ()
    bounds: tuple[int, ...] = ()


def _bounds(worth: Sequence[int], known: Iterable[Found]) -> list[int]:
    """What no plan is below. A bound holds for who is no better in the stages before."""
    return [min(now, _least(worth[:number], known)) for number, now in enumerate(worth)]


def _least(before: Sequence[int], known: Iterable[Found]) -> int:
    """What no plan is below in a stage, that is worth this in the stages before."""
    number = len(before)
    holding = (one for one in known if one.plan and all(map(le, before, one.reached)))
    return max((one.bounds[number] for one in holding), default=0)


def _crowded(problem: Problem, policy: PlanPolicy, who: Plan, found: Plan) -> set[UUID]:
    """Who has no time for what was chosen for them, or a worse one."""
    crowded = {holder(who, one.id, one.post) for one in found.unplaced}
    for one in problem.demands:
        before, now = who.places.get(one.id), found.places.get(one.id)
        if before and now and wish(one, before, policy) < wish(one, now, policy):
            crowded.add(before.facilitator)
    return {one for one in crowded if one is not None}


def by_stages(
    model: Model,
    begin: Plan | None,
    known: Sequence[Found],
    seconds: float,
    stop: Stop,
    workers: int,
) -> Found:
    """The best plan of a model, at least as good as `begin`, and what none is below: each stage
    binds the next, and begins with the bound that is known. That a stage is as good as can be is
    said only where its bound is its objective, whatever the status of the solver says."""
    until = monotonic() + seconds
    best, worth, bounds = begin, list[int](), list[int]()
    for number, build in enumerate((unplaced, changes, wishes)):
        expression, bound = goal(build(model)), _least(worth, known)
        model.cp.add(expression >= bound)
        if best is not None:
            reached = objectives(model.problem, best, model.policy, rooms=False)[number]
        left = (until - monotonic()) * (1 if number == 2 else 0.5)
        if (best is None or reached > bound) and left > 0 and not stop.asked:
            if best is not None:
                model.hint(best)
            model.cp.minimize(expression)
            solving = solver(left, workers)
            solving.parameters.use_objective_lb_search = True  # bounds are close to begin with
            solving.parameters.relative_gap_limit = model.policy.gap_percent / 100
            with stop.stops(solving.stop_search):
                status = solving.solve(model.cp)
            if status in FOUND:
                best, reached = model.read(solving.boolean_value), round(solving.objective_value)
                bound = max(bound, ceil(solving.best_objective_bound - 1e-6))
        if best is None:
            return Found(None)
        worth.append(reached)
        bounds.append(bound)
        model.cp.add(expression <= reached)
    return Found(best, tuple(worth), tuple(bounds))
