"""What a plan of the model is worth in each stage, as the solver looks at it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from uuid import UUID

from ortools.sat.python import cp_model

from services.scheduling.plans.rules.measures import even_share, needed, unit_of, wish
from services.scheduling.plans.rules.model import Choice, Model
from services.scheduling.plans.rules.problem import Place

Term = tuple[cp_model.IntVar, int]
"""What is counted, and what each of it weighs."""
Load = dict[int, list[Choice]]
"""Choices by how long a session is."""
CASES = 16
"""How many sums of groups are told apart at most for one person."""


def goal(terms: Iterable[Term]) -> cp_model.LinearExprT:
    """The sum that is to be as small as possible."""
    given = list(terms)
    return cp_model.LinearExpr.weighted_sum([one for one, _ in given], [w for _, w in given])


def unplaced(model: Model) -> Iterator[Term]:
    """What it weighs that something has no place."""
    for (_, post), nothing in model.without.items():
        yield nothing, model.policy.unplaced[post]


def changes(model: Model) -> Iterator[Term]:
    """How much is otherwise than was published; rooms apart."""
    for session in model.problem.sessions:
        for post in needed(session):
            if post != "room" and (told := getattr(session.published, post)) is not None:
                for person, choice in model.posts[session.id, post].items():
                    if person != told:
                        yield choice, 1


def wishes(model: Model) -> Iterator[Term]:
    """The wishes that are not met."""
    policy = model.policy
    groups: dict[UUID, Load] = defaultdict(lambda: defaultdict(list))
    alone: dict[UUID, Load] = defaultdict(lambda: defaultdict(list))
    longest: dict[UUID, dict[UUID, int]] = defaultdict(lambda: defaultdict(int))
    unit = unit_of(model.problem)
    for session in model.problem.sessions:
        for post in needed(session):
            for person, choice in model.posts.get((session.id, post), {}).items():
                groups[person][session.span.minutes // unit].append(choice)
                if post == "facilitator" and session.usual not in (None, person):
                    yield choice, policy.continuity
    for demand in model.problem.demands:
        for (begins, person), choice in model.times[demand.id].items():
            alone[person][demand.minutes // unit].append(choice)
            if cost := wish(demand, Place(begins, person), policy):
                yield choice, cost
        for person in {person for _, person in model.times[demand.id]}:
            longest[person][demand.client_id] += demand.minutes // unit
    for one in model.problem.people:
        clients = sorted(longest[one.id].values(), reverse=True)
        if one.caseload_limit is not None:
            clients = clients[: max(one.caseload_limit, len(one.caseload))]
        share = even_share(model.problem, policy)[one.id] // unit
        for above in _above(model, groups[one.id], alone[one.id], sum(clients), share):
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
    cases = [(0, max(under))] if under else []
    between = sorted(one for one in sums if share - most < one < share)
    some = -(-len(between) // CASES) or 1
    parts = (between[first : first + some] for first in range(0, len(between), some))
    cases += [(part[0], part[-1]) for part in parts]
    over = [one for one in sums if one >= share and one + most > share]
    cases += [(min(over), max(over))] if over else []
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
