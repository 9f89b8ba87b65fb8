"""Which rules are in conflict: a set of them of which none can be left out."""

from collections.abc import Callable, Iterator, Sequence
from time import monotonic
from typing import TypeVar
from uuid import UUID

from ortools.sat.python import cp_model

from services.scheduling.plans.rules import problem as week
from services.scheduling.plans.rules.measures import Permitted
from services.scheduling.plans.rules.model import Model, solver

T = TypeVar("T")
Rules = Sequence[week.Rule]
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


def beside(problem: week.Problem, plan: week.Plan, one: UUID) -> Iterator[week.Problem]:
    """The problem with this one alone, with those near it, and as it is."""
    alone = problem.only(lambda other: other.id == one)
    yield alone
    (missing,) = alone.sessions

    def is_near(other: week.Session) -> bool:
        if (stay := plan.stay(other)) is None:
            return other.id == one
        if missing.client_id is not None:
            return other.site_id == missing.site_id
        return stay.span.meets(missing.times[0], NEAR_MINUTES)

    yield problem.only(is_near)
    yield problem


def conflict(permitted: Permitted, plan: week.Plan, key: week.Key) -> tuple[week.Rule, ...]:
    """Rules because of which what has no place has none, beside all that has one: without any
    of them it would have. First it is tried alone, then beside those near it, then beside all.
    """
    until = monotonic() + permitted.policy.seconds_to_explain
    for part in beside(permitted.problem, plan, key[0]):
        others = [(one.id, post) for one in part.sessions for post in one.posts if one.id != key[0]]
        fixed = {it: week.Rule("to_be_held", it[0]) for it in others if it not in plan.unplaced}
        model = Model(Permitted(part, permitted.policy), {**fixed, key: None})

        def contradict(rules: Rules, model: Model = model) -> Rules | None:
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
    return (week.Rule("time_ran_out", None),)
