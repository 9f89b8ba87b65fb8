"""The stages of a plan: what it is worth in each, as the solver looks at it, and the best plan of a
model by them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from math import ceil
from operator import le
from time import monotonic
from uuid import UUID

from ortools.sat.python import cp_model

from services.scheduling.plans.rules import measures
from services.scheduling.plans.rules.model import FOUND, Choice, Model, Term, goal, solver
from services.scheduling.plans.rules.problem import Plan, Stop

Load = dict[int, list[Choice]]
"""Choices by how long a session is."""
CASES = 16
"""How many sums of groups are told apart at most for one person."""


def unplaced(model: Model) -> Iterator[Term]:
    """What it weighs that something has no place."""
    for (_, post), nothing in model.without.items():
        yield nothing, model.permitted.policy.unplaced[post]


def changes(model: Model) -> Iterator[Term]:
    """How much is otherwise than was published; rooms apart."""
    for (one, post), found in model.options.items():
        told = getattr(model.permitted.asked[one].published, post, None)
        for place, choice in found.items():
            if told not in (None, place.person):
                yield choice, 1


def wishes(model: Model) -> Iterator[Term]:
    """The wishes that are not met."""
    permitted, unit = model.permitted, model.permitted.unit
    groups: dict[UUID, Load] = defaultdict(lambda: defaultdict(list))
    alone: dict[UUID, Load] = defaultdict(lambda: defaultdict(list))
    longest: dict[UUID, dict[UUID | None, int]] = defaultdict(lambda: defaultdict(int))
    for key, found in model.options.items():
        one = permitted.asked[key[0]]
        loads, minutes = groups if one.client_id is None else alone, one.minutes // unit
        for place, choice in found.items():
            loads[place.person][minutes].append(choice)
            if cost := permitted.wish(key, place):
                yield choice, cost
        for person in {place.person for place in found}:
            longest[person][one.client_id] += minutes
    for who in model.problem.people:
        longest[who.id].pop(None, None)
        clients = sorted(longest[who.id].values(), reverse=True)
        if who.caseload_limit is not None:
            clients = clients[: max(who.caseload_limit, len(who.caseload))]
        share = permitted.share[who.id] // unit
        for above in _above(model, groups[who.id], alone[who.id], sum(clients), share):
            yield above, unit


def _above(model: Model, groups: Load, alone: Load, most: int, share: int) -> Iterator[Choice]:
    """How far somebody's load is above the share, `most` of it by sessions of one client.

    Each sum of groups that leaves some of the share, but not enough for all of these, is a case of
    its own: the bound is then what is above when what is left is filled with whole sessions, and
    not with the fraction of a group.
    """
    sums = {0}
    for minutes, choices in groups.items():
        sums = {one + n * minutes for one in sums for n in range(len(choices) + 1)}
    if max(sums) + most <= share:
        return
    under = [one for one in sums if one + most <= share]
    over = [one for one in sums if one >= share and one + most > share]
    between = sorted(one for one in sums if share - most < one < share)
    some = -(-len(between) // CASES) or 1
    parts = (between[first : first + some] for first in range(0, len(between), some))
    cases = [(min(part), max(part)) for part in (under, *parts, over) if part]
    cp, cases_taken, by_groups, by_alone = model.cp, list[Choice](), list[Choice](), list[Choice]()
    for least, longest in cases:
        cases_taken.append(case := cp.new_bool_var(""))
        by_groups.append(grouped := cp.new_int_var(0, longest, ""))
        by_alone.append(seen := cp.new_int_var(0, most, ""))
        cp.add(grouped >= least * case)
        cp.add(grouped <= longest * case)
        cp.add(seen <= most * case)
        if longest + most > share:
            yield (above := cp.new_int_var(0, longest + most - share, ""))
            cp.add(above >= grouped + seen - share * case)
    cp.add_exactly_one(cases_taken)
    cp.add(_loaded(model, groups) == cp_model.LinearExpr.sum(by_groups))
    cp.add(_loaded(model, alone) == cp_model.LinearExpr.sum(by_alone))


def _loaded(model: Model, load: Load) -> cp_model.LinearExprT:
    """The sum of what is taken; counts are whole, which tightens bounds."""
    counts = [model.count(choices) for choices in load.values()]
    return cp_model.LinearExpr.weighted_sum(counts, list[int](load))


def by_stages(
    model: Model, begin: Plan | None, known: list[Plan], seconds: float, stop: Stop, workers: int
) -> Plan | None:
    """The best plan of a model, at least as good as `begin`, with what none is below: each stage
    binds the next, and begins with the bound that is known. That a stage is as good as can be is
    said only where its bound is its objective, whatever the status of the solver says."""
    until = monotonic() + seconds
    best, worth, bounds = begin, list[int](), list[int]()
    for number, build in enumerate((unplaced, changes, wishes)):
        expression, bound = goal(build(model)), least(worth, known)
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


def least(before: Sequence[int], known: Iterable[Plan]) -> int:
    """What no plan is below in a stage, that is worth this in the stages before: a bound that is
    known of a plan holds for who is no better in the stages before."""
    holding = (one.stages for one in known if all(map(le, before, one.reached)))
    return max((stages[len(before)].bound for stages in holding), default=0)
