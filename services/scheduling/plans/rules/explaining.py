"""Which rules are in conflict: a set of them of which none can be left out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from services.scheduling.plans.rules.problem import Demand, Plan, Problem, Session, Span, Unplaced

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
