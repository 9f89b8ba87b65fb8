"""A part of a week planned better, in stages, and then the room of each session."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import ceil
from operator import le
from time import monotonic
from typing import NamedTuple
from uuid import UUID

from ortools.sat.python import cp_model

from services.scheduling.plans.policy import PlanPolicy, Post
from services.scheduling.plans.rules import measures
from services.scheduling.plans.rules import problem as week
from services.scheduling.plans.rules.goals import Term, changes, goal, unplaced, wishes
from services.scheduling.plans.rules.model import FOUND, Choice, Model, holder, solver
from services.scheduling.plans.rules.problem import Plan, Problem, Stage, Stop


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
    problem, policy = permitted.problem, permitted.policy
    worth = partial(measures.objectives, problem, policy=policy, rooms=False)
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
    if measures.objectives(problem, made, policy) > measures.objectives(problem, start, policy):
        made = start
    bounds = _bounds(worth(made), known)
    if not any(one.post == "room" for one in made.unplaced):
        bounds[1] += measures.unavoidable(problem)
    reached = measures.objectives(problem, made, policy)
    return replace(made, stages=tuple(map(Stage, measures.STAGES, reached, bounds)))


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
        if before and now and measures.wish(one, before, policy) < measures.wish(one, now, policy):
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
            reached = measures.objectives(model.problem, best, model.policy, rooms=False)[number]
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


def with_rooms(problem: Problem, policy: PlanPolicy, plan: Plan) -> Plan:
    """The same plan with a room for each session, those that were published where it can be; what
    gets none has no place."""
    cp = cp_model.CpModel()
    asked: list[tuple[week.Asked, week.Span, UUID | None, Post]] = [
        (one, one.span, one.published.room, "room") for one in problem.sessions
    ]
    for demand in problem.demands:
        if (place := plan.places.get(demand.id)) is not None:
            asked.append((demand, demand.stay(place.begins).span, None, "session"))
    uses: dict[UUID, list[tuple[week.Span, Choice]]] = defaultdict(list)
    chosen: dict[UUID, dict[UUID, Choice]] = {}
    terms: list[Term] = []
    for one, span, published, post in asked:
        fitting = (room for room in problem.rooms if measures.fits(room, one, span))
        found = {room.id: cp.new_bool_var("") for room in fitting}
        nothing = cp.new_bool_var("")
        cp.add_exactly_one([*found.values(), nothing])
        terms.append((nothing, policy.unplaced[post] * 10_000))
        for room, choice in found.items():
            uses[room].append((span, choice))
            if published not in (None, room):
                terms.append((choice, 1))
        chosen[one.id] = found
    for taken in uses.values():
        for _, choices in week.at_once(taken):
            cp.add_at_most_one(choices)
    cp.minimize(goal(terms))
    solving = solver(policy.seconds_to_explain, 1)
    if solving.solve(cp) not in FOUND:
        return plan
    rooms = {
        one: next((room for room, choice in found.items() if solving.boolean_value(choice)), None)
        for one, found in chosen.items()
    }
    staffing = {one: replace(now, room=rooms[one]) for one, now in plan.staffing.items()}
    places = {one: replace(now, room=rooms[one]) for one, now in plan.places.items() if rooms[one]}
    unplaced = [one for one in plan.unplaced if one.post != "room"]
    unplaced += [week.Unplaced(one, "room") for one, now in staffing.items() if now.room is None]
    unplaced += [
        week.Unplaced(demand.id, "session", (week.Rule("rooms", demand.site_id),))
        for demand in problem.demands
        if demand.id in plan.places and demand.id not in places
    ]
    return Plan(staffing, places, tuple(unplaced))
