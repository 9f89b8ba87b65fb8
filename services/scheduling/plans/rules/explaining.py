"""Which rules are in conflict: a set of them of which none can be left out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from time import monotonic
from typing import TypeVar
from uuid import UUID

from ortools.sat.python import cp_model

from services.scheduling.plans.policy import PlanPolicy, Post
from services.scheduling.plans.rules.model import Model, solver
from services.scheduling.plans.rules.permitted import Permitted
from services.scheduling.plans.rules.problem import (
    Demand,
    Plan,
    Problem,
    Rule,
    Session,
    Span,
    Unplaced,
)
from services.scheduling.plans.rules.worth import posts_of

T = TypeVar("T")
NEAR_MINUTES = 120


def shrunk(
    contradicting: Sequence[T], contradict: Callable[[Sequence[T]], Sequence[T] | None]
) -> tuple[T, ...]:
    """A smallest part of rules that contradict each other: without any one of it they do not.

    `contradict` says of rules which of them contradict each other; None: they do not.
    """
    left = list(contradicting)
    for one in contradicting:
        if one in left:
            found = contradict([other for other in left if other != one])
            if found is not None:
                left = [other for other in left if other in found]
    return tuple(left)


def beside(problem: Problem, plan: Plan, one: Unplaced) -> Iterator[Problem]:
    """The problem with this one alone, with those near it, and as it is."""
    session = next((session for session in problem.sessions if session.id == one.id), None)
    demand = next((demand for demand in problem.demands if demand.id == one.id), None)
    alone = replace(
        problem,
        sessions=() if session is None else (session,),
        demands=() if demand is None else (demand,),
    )
    yield alone
    span = None if session is None else session.span

    def is_near(other: Session | Demand, when: Span) -> bool:
        if other.id == one.id:
            return True
        return other.site_id == demand.site_id if demand else when.meets(span, NEAR_MINUTES)  # type: ignore[arg-type]  # it is one of the two

    placed = (
        (other, other.stay(plan.places[other.id].begins).span)
        for other in problem.demands
        if other.id in plan.places
    )
    yield replace(
        problem,
        sessions=tuple(other for other in problem.sessions if is_near(other, other.span)),
        demands=alone.demands + tuple(other for other, when in placed if is_near(other, when)),
    )
    yield problem


def conflict(
    problem: Problem, policy: PlanPolicy, plan: Plan, one: Unplaced, seconds: float
) -> tuple[Rule, ...]:
    """Rules because of which one that has no place has none, beside all that has one: without any
    of them it would have. First it is tried alone, then beside those near it, then beside all.
    """
    until = monotonic() + seconds
    permitted = Permitted(problem, policy.step_minutes)
    for part in beside(problem, plan, one):
        missing = {(other.id, other.post) for other in plan.unplaced}
        fixed: dict[tuple[UUID, Post], Rule | None] = {
            key: Rule("to_be_held", key[0])
            for key in posts_of(part)
            if key not in missing and key[0] != one.id
        }
        model = Model(part, policy, permitted, {**fixed, (one.id, one.post): None})

        def contradict(rules: Sequence[Rule], model: Model = model) -> Sequence[Rule] | None:
            left = until - monotonic()
            if left <= 0:
                return None
            by_index = {model.switches[rule].index: rule for rule in rules}
            model.cp.clear_assumptions()
            model.cp.add_assumptions([model.switches[rule] for rule in rules])
            solving = solver(left, 1)
            if solving.solve(model.cp) != cp_model.INFEASIBLE:
                return None
            return [by_index[index] for index in solving.sufficient_assumptions_for_infeasibility()]

        if (rules := contradict(list(model.switches))) is not None:
            return shrunk(rules, contradict)
    return (Rule("time_ran_out", None),)
