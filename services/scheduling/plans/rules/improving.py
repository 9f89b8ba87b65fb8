"""A part of a week planned better, in stages, and then the room of each session."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import ceil
from operator import le
from time import monotonic
from uuid import UUID

from ortools.sat.python import cp_model

from services.scheduling.plans.rules import measures
from services.scheduling.plans.rules.goals import Term, changes, goal, unplaced, wishes
from services.scheduling.plans.rules.model import FOUND, Choice, Model, solver
from services.scheduling.plans.rules.problem import Key, Plan, Rule, Span, Stop, Who, at_once


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
    bounds = [min(now, _least(worth(made)[:n], known)) for n, now in enumerate(worth(made))]
    if not any(post == "room" for _, post in made.unplaced):
        bounds[1] += measures.unavoidable(permitted.problem)
    return replace(made, stages=measures.stages(permitted.worth(made), bounds))


def _least(before: Sequence[int], known: Iterable[Plan]) -> int:
    """What no plan is below in a stage, that is worth this in the stages before: a bound that is
    known of a plan holds for who is no better in the stages before."""
    holding = (one.stages for one in known if all(map(le, before, one.reached)))
    return max((stages[len(before)].bound for stages in holding), default=0)


def _crowded(permitted: measures.Permitted, who: Who, found: Plan) -> set[UUID]:
    """Who has no time for what was chosen for them, or a worse one."""
    wish = permitted.wish
    return {
        before.person
        for key, before in who.items()
        if (now := found.who.get(key)) is None or wish(key, before) < wish(key, now)
    }


def by_stages(
    model: Model,
    begin: Plan | None,
    known: Sequence[Plan],
    seconds: float,
    stop: Stop,
    workers: int,
) -> Plan | None:
    """The best plan of a model, at least as good as `begin`, with what none is below: each stage
    binds the next, and begins with the bound that is known. That a stage is as good as can be is
    said only where its bound is its objective, whatever the status of the solver says."""
    until = monotonic() + seconds
    best, worth, bounds = begin, list[int](), list[int]()
    for number, build in enumerate((unplaced, changes, wishes)):
        expression, bound = goal(build(model)), _least(worth, known)
        model.cp.add(expression >= bound)
        if best is not None:
            reached = model.permitted.worth(best, rooms=False)[number]
        left = (until - monotonic()) * (1 if number == 2 else 0.5)
        if (best is None or reached > bound) and left > 0 and not stop.asked:
            if best is not None:
                model.hint(best)
            model.cp.minimize(expression)
            solving = solver(left, workers)
            solving.parameters.use_objective_lb_search = True  # bounds are close to begin with
            solving.parameters.relative_gap_limit = model.permitted.policy.gap_percent / 100
            stop.solving.add(solving)
            if solving.solve(model.cp) in FOUND:
                best, reached = model.read(solving.boolean_value), round(solving.objective_value)
                bound = max(bound, ceil(solving.best_objective_bound - 1e-6))
        if best is None:
            return None
        worth.append(reached)
        bounds.append(bound)
        model.cp.add(expression <= reached)
    return None if best is None else replace(best, stages=measures.stages(worth, bounds))


def with_rooms(permitted: measures.Permitted, plan: Plan) -> Plan:
    """The same plan with a room for each session, those that were published where it can be; what
    gets none has no place."""
    cp, problem = cp_model.CpModel(), permitted.problem
    uses: dict[UUID, list[tuple[Span, Choice]]] = defaultdict(list)
    chosen: dict[Key, dict[UUID, Choice]] = {}
    terms: list[Term] = []
    held = ((one, stay) for one in problem.sessions if (stay := plan.stay(one)) is not None)
    for one, stay in held:
        fitting = (room.id for room in problem.rooms if measures.fits(room, one, stay.span))
        chosen[one.id, one.posts[-1]] = found = {room: cp.new_bool_var("") for room in fitting}
        nothing = cp.new_bool_var("")
        cp.add_exactly_one([*found.values(), nothing])
        terms.append((nothing, permitted.policy.unplaced[one.posts[-1]] * 10_000))
        for room, choice in found.items():
            uses[room].append((stay.span, choice))
            if one.published.room not in (None, room):
                terms.append((choice, 1))
    for taken in uses.values():
        for _, choices in at_once(taken):
            cp.add_at_most_one(choices)
    cp.minimize(goal(terms))
    solving = solver(permitted.policy.seconds_to_explain, 1)
    if solving.solve(cp) not in FOUND:
        return plan
    rooms = {
        one: room
        for (one, _), found in chosen.items()
        for room, choice in found.items()
        if solving.boolean_value(choice)
    }
    lacking = {
        (one, post): () if post == "room" else (Rule("rooms", permitted.asked[one].site_id),)
        for one, post in chosen
        if one not in rooms
    }
    who = {key: place for key, place in plan.who.items() if key not in lacking}
    unplaced = {key: rules for key, rules in plan.unplaced.items() if key[1] != "room"}
    return Plan(who, rooms, unplaced | lacking)
