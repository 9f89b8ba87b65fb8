"""The week as a model of CP-SAT (OR-Tools 9.15 or newer): its choices and its rules.

A session has at each time exactly one start that is chosen from a list, so that all rules are about
sets of choices of which one at most is taken: for each person the largest sets that overlap. That
keeps bounds close. Rooms follow when people and times stand: the model counts them only, which is
never stricter, so that its bounds hold for the whole.

The same model, without an objective and with a switch for each rule, says why something has no
place: rules are switched off one at a time, as long as it has none.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import permutations
from uuid import UUID

from ortools.sat.python import cp_model

from services.scheduling.plans.policy import Post
from services.scheduling.plans.rules import measures
from services.scheduling.plans.rules import problem as week

Choice = cp_model.IntVar
FOUND = (cp_model.OPTIMAL, cp_model.FEASIBLE)


class Model:
    """The choices and the rules. With `explaining` every rule has a switch, and what is in `fixed`
    has to have a place; else what has none costs."""

    def __init__(
        self,
        permitted: measures.Permitted,
        fixed: Mapping[tuple[UUID, Post], week.Rule | None] | None = None,
        *,
        who: week.Plan | None = None,
        free: frozenset[UUID] = frozenset(),
        timed: Collection[UUID] | None = None,
    ) -> None:
        self.cp = cp_model.CpModel()
        self.permitted = permitted
        self.problem = problem = permitted.problem
        self.policy = permitted.policy
        self.fixed = fixed
        self.who = who
        self.free = free
        self.timed = timed
        self.switches: dict[week.Rule, Choice] = defaultdict(self._choice)
        self.posts: dict[tuple[UUID, Post], dict[UUID, Choice]] = {}
        self.rooms: dict[UUID, Choice] = {}
        self.times: dict[UUID, dict[tuple[int, UUID], Choice]] = {}
        self.without: dict[tuple[UUID, Post], Choice] = {}
        self.busy: dict[UUID, list[tuple[week.Stay, Choice]]] = defaultdict(list)
        self.same: dict[tuple[UUID, int, UUID], int] = {}
        self._blocked: dict[tuple[UUID, week.Stay], frozenset[week.Stay]] = {}
        self._free: dict[tuple[UUID, frozenset[week.Stay]], Choice] = {}
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

    def count(self, choices: Sequence[Choice]) -> Choice:
        """How many of the choices are taken: a whole number, which tightens bounds."""
        count = self.cp.new_int_var(0, len(choices), "")
        self.cp.add(cp_model.LinearExpr.sum(choices) == count)
        return count

    def _at_most_one(self, choices: Sequence[cp_model.LiteralT], rule: week.Rule) -> None:
        if self.fixed is None:
            self.cp.add_at_most_one(choices)
        else:
            self.cp.add(sum(choices) <= 1).only_enforce_if(self.switches[rule])

    def _at_most(self, terms: Sequence[Choice], most: int, rule: week.Rule) -> None:
        constraint = self.cp.add(cp_model.LinearExpr.sum(terms) <= most)
        if self.fixed is not None:
            constraint.only_enforce_if(self.switches[rule])

    def _placed(self, one: UUID, post: Post, choices: Iterable[Choice]) -> None:
        """One of the choices is taken, or it has no place."""
        if self.fixed is None:
            self.without[one, post] = nothing = self._choice()
            self.cp.add_exactly_one([*choices, nothing])
        elif (one, post) in self.fixed:
            held = self.cp.add_bool_or(list(choices))
            if (rule := self.fixed[one, post]) is not None:
                held.only_enforce_if(self.switches[rule])

    def _who(self, one: week.Asked, stay: week.Stay, post: Post) -> Iterator[tuple[UUID, Choice]]:
        """Whom to choose from, where it is said who has what that one alone."""
        if self.fixed is None:
            told = holder(self.who, one.id, post)
            for person in self.permitted.people(one, stay):
                if told in (None, person.id) or one.id in self.free:
                    yield person.id, self._choice()
            return
        for person in self.problem.people:
            choice = self._choice()
            for rule in measures.broken(person, one, stay, self.problem.ways):
                self.cp.add_implication(choice, self.switches[rule].negated())
            yield person.id, choice

    def _add_session(self, session: week.Session) -> None:
        for post in measures.needed(session):
            if post == "room":
                self.rooms[session.id] = room = self._choice()
                self._placed(session.id, "room", [room])
                continue
            self.posts[session.id, post] = who = dict(self._who(session, session.stay, post))
            self._placed(session.id, post, who.values())
            for person, choice in who.items():
                self.busy[person].append((session.stay, choice))
        if session.cofacilitated and self.fixed is None and self.who is None:
            self._order(session)

    def _order(self, session: week.Session) -> None:
        """Who leads and who helps is no choice between the same two."""
        leads, helps = (self.posts[session.id, post] for post in ("facilitator", "cofacilitator"))
        order = sorted({*leads, *helps}, key=partial(measures.precedence, session))
        for place in range(len(order)):
            later = [leads[one] for one in order[place:] if one in leads]
            earlier = [helps[one] for one in order[: place + 1] if one in helps]
            self.cp.add_at_most_one(later + earlier)

    def _add_demand(self, demand: week.Demand) -> None:
        found = self.times[demand.id] = {}
        begins = self.permitted.times(demand)
        if self.timed is not None:
            self._add_untimed(demand, self.timed, found)
            begins = []
        if self.fixed is not None:
            people = self.problem.people
            hours = (s.span for p in people for s in p.hours if s.site_id == demand.site_id)
            others = week.starts(week.joined(hours), demand.minutes, self.policy.step_minutes)
            begins = sorted({*begins, *others})
        for begin in begins:
            stay = demand.stay(begin)
            possible = any(span.covers(stay.span) for span in demand.available)
            for person, choice in self._who(demand, stay, "session"):
                found[begin, person] = choice
                self.busy[person].append((stay, choice))
                if not possible:
                    switch = self.switches[week.Rule("availability", demand.client_id)]
                    self.cp.add_implication(choice, switch.negated())
        self._placed(demand.id, "session", found.values())
        if self.fixed is not None:
            self.cp.add_at_most_one(found.values())

    def _add_untimed(
        self, demand: week.Demand, timed: Collection[UUID], found: dict[tuple[int, UUID], Choice]
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
                    cost = measures.wish(demand, week.Place(begins, person.id), self.policy)
                    alike[person.id, cost].append(begins)
        for (person_id, _), times in alike.items():
            found[times[0], person_id] = choice = self._choice()
            for begins in times:
                self.same[demand.id, begins, person_id] = times[0]
            ways = {self._blocking(person_id, demand.stay(t)) for t in times}
            if frozenset() not in ways:
                fewest = [one for one in ways if not any(other < one for other in ways)]
                free = [self._free_of(person_id, stays) for stays in fewest]
                self.cp.add_bool_or(free).only_enforce_if(choice)

    def _blocking(self, person: UUID, stay: week.Stay) -> frozenset[week.Stay]:
        """When groups keep a person from being there then."""
        if (person, stay) not in self._blocked:
            self._blocked[person, stay] = frozenset(
                other
                for other, _ in self.busy[person]
                if measures.collide(stay, other, self.problem.ways)
            )
        return self._blocked[person, stay]

    def _free_of(self, person: UUID, stays: frozenset[week.Stay]) -> Choice:
        """That a person is in none of the groups of these times."""
        if (person, stays) not in self._free:
            self._free[person, stays] = free = self._choice()
            for stay in stays:
                taken = [choice for other, choice in self.busy[person] if other == stay]
                self.cp.add_at_most_one([free, *taken])
        return self._free[person, stays]

    def _one_at_a_time(self) -> None:
        """Nobody is in two sessions at once, nor in one after another that is too far away."""
        for person, stays in self.busy.items():
            by_site: dict[UUID | None, list[tuple[week.Span, Choice]]] = defaultdict(list)
            for stay, choice in stays:
                by_site[stay.site_id].append((stay.span, choice))
            rule = week.Rule("one_at_a_time", person)
            for _, choices in week.at_once((stay.span, choice) for stay, choice in stays):
                if len(choices) > 1:
                    self._at_most_one(choices, rule)
            if len(by_site.keys() - {None}) > 1:
                self._travel(person, by_site)
        clients: dict[UUID, list[week.Demand]] = defaultdict(list)
        for demand in self.problem.demands:
            clients[demand.client_id].append(demand)
        for client, demands in clients.items():
            if len(demands) > 1 and self.timed is None:
                taken = (
                    (one.stay(begin).span, choice)
                    for one in demands
                    for (begin, _), choice in self.times[one.id].items()
                )
                for _, choices in week.at_once(taken):
                    self._at_most_one(choices, week.Rule("one_at_a_time", client))

    def _travel(
        self, person: UUID, by_site: Mapping[UUID | None, list[tuple[week.Span, Choice]]]
    ) -> None:
        """Between sessions at two sites lies the way. The person is on the one's side at a minute,
        or from the way before each session at the other to the way after it on its side."""
        rule = week.Rule("travel", person)
        for (one, there), (other, elsewhere) in permutations(by_site.items(), 2):
            gap = measures.way(one, other, self.problem.ways)
            if one is None or other is None or one > other or not gap:
                continue
            wide: dict[week.Span, list[Choice]] = defaultdict(list)
            for span, choice in elsewhere:
                wide[week.Span(span.begins - gap, span.ends + gap)].append(choice)
            for minute in {span.begins for span, _ in there} | {span.begins for span in wide}:
                now = week.Span(minute, minute + 1)
                here = [choice for span, choice in there if span.meets(now)]
                away = [choices for span, choices in wide.items() if span.meets(now)]
                if here and away:
                    is_here = self._choice()
                    self._none_of(here, is_here.negated(), rule)
                    for choices in away:
                        self._none_of(choices, is_here, rule)

    def _none_of(
        self, choices: Sequence[Choice], where: cp_model.LiteralT, rule: week.Rule
    ) -> None:
        """None of the choices where something is so. They exclude each other by another rule."""
        together = [choices] if self.fixed is None else [[one] for one in choices]
        for some in together:
            self._at_most_one([where, *some], rule)

    def _count_rooms(self) -> None:
        """At no time there are more sessions than rooms that are large enough. Starts of one time
        are counted once for all."""
        taken: dict[tuple[UUID, bool], list[tuple[week.Span, int, Choice]]] = defaultdict(list)
        for session in self.problem.sessions:
            key = session.site_id, session.telehealth
            taken[key].append((session.span, session.people, self.rooms[session.id]))
        alike: dict[tuple[UUID, week.Span, int], list[Choice]] = defaultdict(list)
        for demand in self.problem.demands:
            for (begin, _), choice in self.times[demand.id].items():
                alike[demand.site_id, demand.stay(begin).span, demand.people].append(choice)
        for (site, span, people), choices in alike.items():
            taken[site, False].append((span, people, self.count(choices)))
        for (site, telehealth), uses in taken.items():
            rooms = [
                r for r in self.problem.rooms if (r.site_id, r.telehealth) == (site, telehealth)
            ]
            for least in sorted({0, *(room.capacity for room in rooms)}):
                large = [room for room in rooms if room.capacity > least]
                asked = ((span, one) for span, people, one in uses if people > least)
                for when, counts in week.at_once(asked):
                    now = week.Span(when.begins, when.begins + 1)
                    free = sum(not any(now.meets(span) for span in room.taken) for room in large)
                    self._at_most(counts, free, week.Rule("rooms", site))

    def _caseloads(self) -> None:
        limits = {p.id: p for p in self.problem.people if p.caseload_limit is not None}
        seen: dict[UUID, dict[UUID, list[Choice]]] = defaultdict(lambda: defaultdict(list))
        several: dict[UUID, int] = defaultdict(int)
        for demand in self.problem.demands:
            several[demand.client_id] += 1
            for (_, person), choice in self.times[demand.id].items():
                if person in limits and demand.client_id not in limits[person].caseload:
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
            most = max(0, (limits[person].caseload_limit or 0) - len(limits[person].caseload))
            self._at_most(terms, most, week.Rule("caseload", person))

    def hint(self, plan: week.Plan) -> None:
        """Where to start. Only what holds may be hinted: a plan that breaks a rule leads astray."""
        self.cp.clear_hints()  # type: ignore[no-untyped-call]  # theirs
        for session in self.problem.sessions:
            held = measures.in_order(session, plan.staffing[session.id])
            for post in measures.needed(session):
                for person, choice in self.posts.get((session.id, post), {}).items():
                    self.cp.add_hint(choice, getattr(held, post) == person)
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

    def read(self, value: Callable[[Choice], bool]) -> week.Plan:
        """The plan that a solution is, without rooms."""

        def who(one: UUID, post: Post) -> UUID | None:
            choices = self.posts.get((one, post), {})
            return next((person for person, choice in choices.items() if value(choice)), None)

        staffing = {
            one.id: week.Staffing(who(one.id, "facilitator"), who(one.id, "cofacilitator"))
            for one in self.problem.sessions
        }
        places = {
            one: week.Place(begins, person)
            for one, found in self.times.items()
            for (begins, person), choice in found.items()
            if value(choice)
        }
        missing = (week.Unplaced(*key) for key, nothing in self.without.items() if value(nothing))
        return week.Plan(staffing, places, tuple(missing))


def solver(seconds: float, workers: int) -> cp_model.CpSolver:
    """As all models here are solved."""
    made = cp_model.CpSolver()
    made.parameters.max_time_in_seconds = seconds
    made.parameters.num_workers = workers
    made.parameters.linearization_level = 2
    made.parameters.cp_model_probing_level = 0  # takes longer than the small models it helps
    return made


def holder(plan: week.Plan | None, one: UUID, post: Post) -> UUID | None:
    """Who holds it, where that is said."""
    if plan is None:
        return None
    if post == "session":
        return None if (place := plan.places.get(one)) is None else place.facilitator
    person: UUID | None = getattr(plan.staffing[one], post)
    return person
