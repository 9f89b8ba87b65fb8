"""The plan by CP-SAT (OR-Tools 9.15 or newer). The only file that knows the solver, and long for
that reason.

A session has at each time exactly one start that is chosen from a list, so that all rules are about
sets of choices of which one at most is taken: for each person the largest sets that overlap. That
keeps bounds close. Rooms follow when people and times stand: the model counts them only, which is
never stricter, so that its bounds hold for the whole.

The same model, without an objective and with a switch for each rule, says why something has no
place: rules are switched off one at a time, as long as it has none.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from math import ceil
from operator import le
from time import monotonic
from typing import NamedTuple
from uuid import UUID

from ortools.sat.python import cp_model

from services.scheduling.plans.policy import PlanPolicy, Post
from services.scheduling.plans.rules.explaining import beside, shrunk
from services.scheduling.plans.rules.parts import Stop
from services.scheduling.plans.rules.permitted import Permitted, broken, collide, fits, way
from services.scheduling.plans.rules.problem import (
    Demand,
    Place,
    Plan,
    Problem,
    Rule,
    Session,
    Span,
    Staffing,
    Stage,
    Stay,
    Unplaced,
)
from services.scheduling.plans.rules.spans import at_once, joined, starts
from services.scheduling.plans.rules.worth import (
    STAGES,
    even_share,
    needed,
    objectives,
    posts_of,
    unavoidable,
    wish,
)

Choice = cp_model.IntVar
FOUND = (cp_model.OPTIMAL, cp_model.FEASIBLE)


class Model:
    """The choices and the rules. With `explaining` every rule has a switch, and what is in `fixed`
    has to have a place; else what has none costs."""

    def __init__(
        self,
        problem: Problem,
        policy: PlanPolicy,
        permitted: Permitted,
        fixed: Mapping[tuple[UUID, Post], Rule | None] | None = None,
        *,
        who: Plan | None = None,
        free: frozenset[UUID] = frozenset(),
        timed: Collection[UUID] | None = None,
    ) -> None:
        self.cp = cp_model.CpModel()
        self.problem = problem
        self.policy = policy
        self.permitted = permitted
        self.fixed = fixed
        self.who = who
        self.free = free
        self.timed = timed
        self.switches: dict[Rule, Choice] = {}
        self.posts: dict[tuple[UUID, Post], dict[UUID, Choice]] = {}
        self.rooms: dict[UUID, Choice] = {}
        self.times: dict[UUID, dict[tuple[int, UUID], Choice]] = {}
        self.without: dict[tuple[UUID, Post], Choice] = {}
        self.busy: dict[UUID, list[tuple[Stay, Choice]]] = defaultdict(list)
        self.same: dict[tuple[UUID, int, UUID], int] = {}
        self._blocked: dict[tuple[UUID, Stay], list[Choice]] = {}
        self.load: dict[UUID, dict[int, list[Choice]]] = defaultdict(lambda: defaultdict(list))
        for session in problem.sessions:
            self._add_session(session)
        for demand in problem.demands:
            self._add_demand(demand)
        self._one_at_a_time()
        if timed is None:
            self._count_rooms()
        self._caseloads()

    def _choice(self) -> Choice:
        return self.cp.new_bool_var("")

    def _count(self, choices: Sequence[Choice]) -> Choice:
        """How many of the choices are taken: a whole number, which tightens bounds."""
        count = self.cp.new_int_var(0, len(choices), "")
        self.cp.add(cp_model.LinearExpr.sum(choices) == count)
        return count

    def _switch(self, rule: Rule) -> Choice:
        if rule not in self.switches:
            self.switches[rule] = self._choice()
        return self.switches[rule]

    def _at_most_one(self, choices: Sequence[cp_model.LiteralT], rule: Rule) -> None:
        if self.fixed is None:
            self.cp.add_at_most_one(choices)
        else:
            self.cp.add(sum(choices) <= 1).only_enforce_if(self._switch(rule))

    def _at_most(self, terms: Sequence[Choice], most: int, rule: Rule) -> None:
        constraint = self.cp.add(cp_model.LinearExpr.sum(terms) <= most)
        if self.fixed is not None:
            constraint.only_enforce_if(self._switch(rule))

    def _placed(self, one: UUID, post: Post, choices: Iterable[Choice]) -> None:
        """One of the choices is taken, or it has no place."""
        if self.fixed is None:
            self.without[one, post] = nothing = self._choice()
            self.cp.add_exactly_one([*choices, nothing])
        elif (one, post) in self.fixed:
            held = self.cp.add_bool_or(list(choices))
            if (rule := self.fixed[one, post]) is not None:
                held.only_enforce_if(self._switch(rule))

    def _who(
        self, one: Session | Demand, stay: Stay, told: UUID | None
    ) -> Iterator[tuple[UUID, Choice]]:
        """Whom to choose from; `told` is who has it where it is said who has what."""
        if self.fixed is None:
            for person in self.permitted.people(one, stay):
                if told in (None, person.id) or one.id in self.free:
                    yield person.id, self._choice()
            return
        for person in self.problem.people:
            choice = self._choice()
            for rule in broken(person, one, stay, self.problem.ways):
                self.cp.add_implication(choice, self._switch(rule).negated())
            yield person.id, choice

    def _add_session(self, session: Session) -> None:
        for post in needed(session):
            if post == "room":
                self.rooms[session.id] = room = self._choice()
                self._placed(session.id, "room", [room])
                continue
            self.posts[session.id, post] = who = dict(
                self._who(session, session.stay, _holder(self.who, session.id, post))
            )
            self._placed(session.id, post, who.values())
            for person, choice in who.items():
                self.busy[person].append((session.stay, choice))
                self.load[person][session.span.minutes].append(choice)

    def _add_demand(self, demand: Demand) -> None:
        found = self.times[demand.id] = {}
        begins = self.permitted.times(demand)
        if self.timed is not None:
            self._add_untimed(demand, self.timed, found)
            begins = []
        if self.fixed is not None:
            people = self.problem.people
            hours = (s.span for p in people for s in p.hours if s.site_id == demand.site_id)
            others = starts(joined(hours), demand.minutes, self.policy.step_minutes)
            begins = sorted({*begins, *others})
        for begin in begins:
            stay = demand.stay(begin)
            possible = any(span.covers(stay.span) for span in demand.available)
            for person, choice in self._who(demand, stay, _holder(self.who, demand.id, "session")):
                found[begin, person] = choice
                self.busy[person].append((stay, choice))
                if not possible:
                    switch = self._switch(Rule("availability", demand.client_id))
                    self.cp.add_implication(choice, switch.negated())
        for (_, person), choice in found.items():
            self.load[person][demand.minutes].append(choice)
        self._placed(demand.id, "session", found.values())
        if self.fixed is not None:
            self.cp.add_at_most_one(found.values())

    def _add_untimed(
        self, demand: Demand, timed: Collection[UUID], found: dict[tuple[int, UUID], Choice]
    ) -> None:
        """One choice for all times with a person that are worth the same, if groups leave one of
        them free; a choice each for those in `timed`. Other sessions of the client are not looked
        at."""
        alike: dict[tuple[UUID, int], list[int]] = defaultdict(list)
        for begins in self.permitted.times(demand):
            for person in self.permitted.people(demand, stay := demand.stay(begins)):
                if person.id in timed:
                    found[begins, person.id] = choice = self._choice()
                    self.busy[person.id].append((stay, choice))
                else:
                    cost = wish(demand, Place(begins, person.id), self.policy)
                    alike[person.id, cost].append(begins)
        for (person_id, _), times in alike.items():
            found[times[0], person_id] = choice = self._choice()
            for begins in times:
                self.same[demand.id, begins, person_id] = times[0]
            ways = {frozenset(self._blocking(person_id, demand.stay(t))) for t in times}
            if frozenset() not in ways:
                self._one_way(choice, ways)

    def _one_way(self, choice: Choice, ways: Iterable[Iterable[Choice]]) -> None:
        """The choice needs one of the ways in which none of the posts is taken that block it."""
        free = []
        for posts in ways:
            free.append(one := self._choice())
            for taken in posts:
                self.cp.add_implication(one, taken.negated())
        self.cp.add_bool_or(free).only_enforce_if(choice)

    def _blocking(self, person: UUID, stay: Stay) -> list[Choice]:
        """The posts in groups that keep a person from being there then."""
        if (person, stay) not in self._blocked:
            self._blocked[person, stay] = [
                taken
                for other, taken in self.busy[person]
                if collide(stay, other, self.problem.ways)
            ]
        return self._blocked[person, stay]

    def _one_at_a_time(self) -> None:
        """Nobody is in two sessions at once, nor in one after another that is too far away."""
        for person, stays in self.busy.items():
            by_site: dict[UUID | None, list[tuple[Span, Choice]]] = defaultdict(list)
            for stay, choice in stays:
                by_site[stay.site_id].append((stay.span, choice))
            rule = Rule("one_at_a_time", person)
            for _, choices in at_once((stay.span, choice) for stay, choice in stays):
                if len(choices) > 1:
                    self._at_most_one(choices, rule)
            if len(by_site.keys() - {None}) > 1:
                self._travel(person, by_site)
        clients: dict[UUID, list[Demand]] = defaultdict(list)
        for demand in self.problem.demands:
            clients[demand.client_id].append(demand)
        for client, demands in clients.items():
            if len(demands) > 1 and self.timed is None:
                taken = (
                    (one.stay(begin).span, choice)
                    for one in demands
                    for (begin, _), choice in self.times[one.id].items()
                )
                for _, choices in at_once(taken):
                    self._at_most_one(choices, Rule("one_at_a_time", client))

    def _travel(
        self, person: UUID, by_site: Mapping[UUID | None, list[tuple[Span, Choice]]]
    ) -> None:
        """Between sessions at two sites lies the way. The minute in which each begins and its last
        one say for each site whether the person is there then."""
        there: dict[UUID, dict[int, Choice]] = {}
        for site, taken in by_site.items():
            if site is None:
                continue
            there[site] = {}
            for minute in {at for span, _ in taken for at in (span.begins, span.ends - 1)}:
                there[site][minute] = is_there = self._choice()
                for span, choice in taken:
                    if span.begins <= minute < span.ends:
                        self.cp.add_implication(choice, is_there)
        rule = Rule("travel", person)
        for one, other in product(there, repeat=2):
            minutes = way(one, other, self.problem.ways)
            if one < other and minutes:
                for at, is_there in there[one].items():
                    for at_other, is_at_other in there[other].items():
                        if abs(at - at_other) <= minutes:
                            self._at_most_one([is_there, is_at_other], rule)

    def _count_rooms(self) -> None:
        """At no time there are more sessions than rooms that are large enough. Starts of one time
        are counted once for all."""
        taken: dict[tuple[UUID, bool], list[tuple[Span, int, Choice]]] = defaultdict(list)
        for session in self.problem.sessions:
            key = session.site_id, session.telehealth
            taken[key].append((session.span, session.people, self.rooms[session.id]))
        alike: dict[tuple[UUID, Span, int], list[Choice]] = defaultdict(list)
        for demand in self.problem.demands:
            for (begin, _), choice in self.times[demand.id].items():
                alike[demand.site_id, demand.stay(begin).span, demand.people].append(choice)
        for (site, span, people), choices in alike.items():
            taken[site, False].append((span, people, self._count(choices)))
        for (site, telehealth), uses in taken.items():
            rooms = [
                r for r in self.problem.rooms if (r.site_id, r.telehealth) == (site, telehealth)
            ]
            for least in sorted({0, *(room.capacity for room in rooms)}):
                large = [room for room in rooms if room.capacity > least]
                asked = ((span, one) for span, people, one in uses if people > least)
                for when, counts in at_once(asked):
                    now = Span(when.begins, when.begins + 1)
                    free = sum(not any(now.meets(span) for span in room.taken) for room in large)
                    self._at_most(counts, free, Rule("rooms", site))

    def _caseloads(self) -> None:
        limits = {p.id: p for p in self.problem.people if p.caseload_limit is not None}
        seen: dict[UUID, dict[UUID, list[Choice]]] = defaultdict(lambda: defaultdict(list))
        several: dict[UUID, int] = defaultdict(int)
        for demand in self.problem.demands:
            several[demand.client_id] += 1
            for (_, person), choice in self.times[demand.id].items():
                if person in limits:
                    seen[person][demand.client_id].append(choice)
        for person, clients in seen.items():
            terms = []
            for client, choices in clients.items():
                if several[client] == 1:
                    terms += choices
                else:
                    terms.append(sees := self._choice())
                    for choice in choices:
                        self.cp.add_implication(choice, sees)
            most = max(0, (limits[person].caseload_limit or 0) - limits[person].caseload)
            self._at_most(terms, most, Rule("caseload", person))

    def unplaced(self) -> cp_model.LinearExprT:
        """What it weighs that something has no place."""
        weights = [self.policy.unplaced[post] for _, post in self.without]
        return cp_model.LinearExpr.weighted_sum(list(self.without.values()), weights)

    def changes(self) -> cp_model.LinearExprT:
        """How much is otherwise than was published; rooms apart."""
        moved = [
            choice
            for session in self.problem.sessions
            for post in needed(session)
            if post != "room" and (told := getattr(session.published, post)) is not None
            for person, choice in self.posts[session.id, post].items()
            if person != told
        ]
        return cp_model.LinearExpr.sum(moved)

    def wishes(self) -> cp_model.LinearExprT:
        """The wishes that are not met."""
        terms: list[Choice] = []
        weights: list[int] = []
        for session in self.problem.sessions:
            for person, choice in self.posts[session.id, "facilitator"].items():
                if session.usual not in (None, person):
                    terms.append(choice)
                    weights.append(self.policy.continuity)
        for demand in self.problem.demands:
            for (begins, person), choice in self.times[demand.id].items():
                if cost := wish(demand, Place(begins, person), self.policy):
                    terms.append(choice)
                    weights.append(cost)
        for person, share in even_share(self.problem, self.policy).items():
            load = self.load[person]
            most = sum(minutes * len(choices) for minutes, choices in load.items())
            if most > share:
                above = self.cp.new_int_var(0, most, "")
                loaded = cp_model.LinearExpr.weighted_sum(
                    [self._count(choices) for choices in load.values()], list(load)
                )
                self.cp.add(loaded <= share + above)
                terms.append(above)
                weights.append(1)
        return cp_model.LinearExpr.weighted_sum(terms, weights)

    def hint(self, plan: Plan) -> None:
        """Where to start. Only what holds may be hinted: a plan that breaks a rule leads astray."""
        self.cp.clear_hints()  # type: ignore[no-untyped-call]  # theirs
        for (one, post), choices in self.posts.items():
            for person, choice in choices.items():
                self.cp.add_hint(choice, getattr(plan.staffing[one], post) == person)
        for one, found in self.times.items():
            place = plan.places.get(one)
            now = None
            if place is not None:
                begins = self.same.get((one, place.begins, place.facilitator), place.begins)
                now = begins, place.facilitator
            for key, choice in found.items():
                self.cp.add_hint(choice, key == now)
        missing = {(one.id, one.post) for one in plan.unplaced}
        for one, room in self.rooms.items():
            self.cp.add_hint(room, (one, "room") not in missing)
        for which, nothing in self.without.items():
            self.cp.add_hint(nothing, which in missing)

    def read(self, value: Callable[[Choice], bool]) -> Plan:
        """The plan that a solution is, without rooms."""

        def who(one: UUID, post: Post) -> UUID | None:
            choices = self.posts.get((one, post), {})
            return next((person for person, choice in choices.items() if value(choice)), None)

        staffing = {
            one.id: Staffing(who(one.id, "facilitator"), who(one.id, "cofacilitator"))
            for one in self.problem.sessions
        }
        places = {
            one: Place(begins, person)
            for one, found in self.times.items()
            for (begins, person), choice in found.items()
            if value(choice)
        }
        missing = (Unplaced(*key) for key, nothing in self.without.items() if value(nothing))
        return Plan(staffing, places, tuple(missing))


def _whole(bound: float) -> int:
    """A bound of whole numbers, without what rounding adds to it."""
    return max(0, ceil(bound - 1e-6))


def improve(
    problem: Problem,
    policy: PlanPolicy,
    permitted: Permitted,
    start: Plan,
    *,
    seconds: float,
    until: float,
    stop: Stop,
    crowded: set[UUID],
    workers: int = 1,
    tree: bool = False,
) -> Plan:
    """A plan that is at least as good as `start`.

    First it is asked for so many seconds who does what, without times, which no plan can be better
    than; then when, by those who were chosen. Where that is as good, it is the best there is. Else
    those who have no time for all that was chosen are `crowded` from now on: others may see their
    clients, and the next time it is asked with their times, in the end with everybody's. `tree`
    looks for the bound rather than for the plan.
    """
    stages = [(stage.objective, stage.bound) for stage in start.stages]
    known = [Found(start, *zip(*stages, strict=True))]
    whole = len(crowded) == len(problem.people)
    solve = partial(by_stages, known=known, stop=stop, workers=workers)
    model = Model(problem, policy, permitted, timed=None if whole else crowded)
    who = solve(model, start, seconds=seconds, tree=tree)
    known.append(who)
    best = who.plan or start
    chosen = best
    if not whole and chosen is not start:
        model = Model(problem, policy, permitted, who=chosen)
        best, found = start, solve(model, None, seconds=until - monotonic())
        if found.plan is not None and found.reached > who.reached:
            more = _crowded(problem, policy, chosen, found.plan)
            if objectives(problem, start, policy, rooms=False) <= found.reached:
                held = chosen.places.items()
                free = frozenset(one for one, place in held if place.facilitator in more)
                model = Model(problem, policy, permitted, who=chosen, free=free)
                found = solve(model, None, seconds=until - monotonic())
            crowded |= (more - crowded) or {one.id for one in problem.people}
        if found.plan and found.reached < objectives(problem, start, policy, rooms=False):
            best = found.plan
    made = with_rooms(problem, policy, best)
    if objectives(problem, made, policy) > objectives(problem, start, policy):
        made = start
    bounds = _bounds(objectives(problem, made, policy, rooms=False), known)
    if not any(one.post == "room" for one in made.unplaced):
        bounds[1] += unavoidable(problem)
    worth = objectives(problem, made, policy)
    return replace(made, stages=tuple(map(Stage, STAGES, worth, bounds)))


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


def _holder(plan: Plan | None, one: UUID, post: Post) -> UUID | None:
    """Who holds it, where that is said."""
    if plan is None:
        return None
    if post == "session":
        place = plan.places.get(one)
        return None if place is None else place.facilitator
    person: UUID | None = getattr(plan.staffing[one], post)
    return person


def _crowded(problem: Problem, policy: PlanPolicy, who: Plan, found: Plan) -> set[UUID]:
    """Who has no time for what was chosen for them, or a worse one."""
    crowded = {_holder(who, one.id, one.post) for one in found.unplaced}
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
    tree: bool = False,
) -> Found:
    """The best plan of a model, at least as good as `begin`, and what none is below: each stage
    binds the next, and begins with the bound that is known. That a stage is as good as can be is
    said only where its bound is its objective, whatever the status of the solver says."""
    until = monotonic() + seconds
    best, worth, bounds = begin, list[int](), list[int]()
    for number, build in enumerate((model.unplaced, model.changes, model.wishes)):
        expression, bound = build(), _least(worth, known)
        model.cp.add(expression >= bound)
        if best is not None:
            reached = objectives(model.problem, best, model.policy, rooms=False)[number]
        left = (until - monotonic()) * (1 if number == 2 else 0.5)
        if (best is None or reached > bound) and left > 0 and not stop.asked:
            if best is not None:
                model.hint(best)
            model.cp.minimize(expression)
            solver = _solver(left, workers)
            solver.parameters.optimize_with_lb_tree_search = tree
            solver.parameters.relative_gap_limit = model.policy.gap_percent / 100
            with stop.stops(solver.stop_search):
                status = solver.solve(model.cp)
            if status in FOUND:
                best, reached = model.read(solver.boolean_value), round(solver.objective_value)
                bound = max(bound, _whole(solver.best_objective_bound))
        if best is None:
            return Found(None)
        worth.append(reached)
        bounds.append(bound)
        model.cp.add(expression <= reached)
    return Found(best, tuple(worth), tuple(bounds))


def _solver(seconds: float, workers: int) -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.num_workers = workers
    solver.parameters.linearization_level = 2
    solver.parameters.cp_model_probing_level = 0  # takes longer than the small models it helps
    return solver


def with_rooms(problem: Problem, policy: PlanPolicy, plan: Plan) -> Plan:
    """The same plan with a room for each session, those that were published where it can be; what
    gets none has no place."""
    cp = cp_model.CpModel()
    asked: list[tuple[Session | Demand, Span, UUID | None, Post]] = [
        (one, one.span, one.published.room, "room") for one in problem.sessions
    ]
    for demand in problem.demands:
        if (place := plan.places.get(demand.id)) is not None:
            asked.append((demand, demand.stay(place.begins).span, None, "session"))
    uses: dict[UUID, list[tuple[Span, Choice]]] = defaultdict(list)
    chosen: dict[UUID, dict[UUID, Choice]] = {}
    terms: list[Choice] = []
    weights: list[int] = []
    for one, span, published, post in asked:
        found = {room.id: cp.new_bool_var("") for room in problem.rooms if fits(room, one, span)}
        nothing = cp.new_bool_var("")
        cp.add_exactly_one([*found.values(), nothing])
        terms.append(nothing)
        weights.append(policy.unplaced[post] * 10_000)
        for room, choice in found.items():
            uses[room].append((span, choice))
            if published not in (None, room):
                terms.append(choice)
                weights.append(1)
        chosen[one.id] = found
    for taken in uses.values():
        for _, choices in at_once(taken):
            cp.add_at_most_one(choices)
    cp.minimize(cp_model.LinearExpr.weighted_sum(terms, weights))
    solver = _solver(policy.seconds_to_explain, 1)
    if solver.solve(cp) not in FOUND:
        return plan
    rooms = {
        one: next((room for room, choice in found.items() if solver.boolean_value(choice)), None)
        for one, found in chosen.items()
    }
    staffing = {one: replace(now, room=rooms[one]) for one, now in plan.staffing.items()}
    places = {one: replace(now, room=rooms[one]) for one, now in plan.places.items() if rooms[one]}
    unplaced = [one for one in plan.unplaced if one.post != "room"]
    unplaced += [Unplaced(one, "room") for one, now in staffing.items() if now.room is None]
    unplaced += [
        Unplaced(demand.id, "session", (Rule("rooms", demand.site_id),))
        for demand in problem.demands
        if demand.id in plan.places and demand.id not in places
    ]
    return Plan(staffing, places, tuple(unplaced))


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
            solver = _solver(left, 1)
            if solver.solve(model.cp) != cp_model.INFEASIBLE:
                return None
            return [by_index[index] for index in solver.sufficient_assumptions_for_infeasibility()]

        if (rules := contradict(list(model.switches))) is not None:
            return shrunk(rules, contradict)
    return (Rule("time_ran_out", None),)
