"""The week as a model of CP-SAT (OR-Tools 9.15 or newer): its choices and its rules.

A session has at each time exactly one start that is chosen from a list, so that all rules are about
sets of choices of which one at most is taken: for each person the largest sets that overlap. That
keeps bounds close. Rooms follow when people and times stand: the model counts them only, which is
never stricter, so that its bounds hold for the whole.

The same model, without an objective and with a switch for each rule, says why something has no
place: rules are switched off one at a time, as long as it has none.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache, partial
from itertools import combinations
from uuid import UUID

from ortools.sat.python import cp_model

from services.scheduling.plans.policy import Post
from services.scheduling.plans.rules import measures
from services.scheduling.plans.rules import problem as week

Choice = cp_model.IntVar
Term = tuple[Choice, int]
"""What is counted, and what each of it weighs."""
FOUND = (cp_model.OPTIMAL, cp_model.FEASIBLE)


class Model:
    """The choices and the rules. What has no place costs; whom `who` names for a post alone may
    have it; with `timed` it is asked for the times of these people alone. With `fixed` every rule
    has a switch instead, and what is in it has to have a place."""

    def __init__(
        self,
        permitted: measures.Permitted,
        fixed: Mapping[week.Key, week.Rule | None] | None = None,
        *,
        who: week.Who | None = None,
        timed: Collection[UUID] | None = None,
    ) -> None:
        self.cp = cp_model.CpModel()
        self.permitted = permitted
        self.problem = permitted.problem
        self.fixed = fixed
        self.who = who or {}
        self.timed = timed
        self.switches: dict[week.Rule, Choice] = defaultdict(self._choice)
        self.options: dict[week.Key, dict[week.Place, Choice]] = defaultdict(dict)
        self.rooms: list[tuple[week.Session, week.Span, Choice]] = []
        self.without: dict[week.Key, Choice] = {}
        self.busy: dict[UUID, list[tuple[week.Stay, Choice]]] = defaultdict(list)
        self.same: dict[UUID, dict[week.Place, week.Place]] = defaultdict(dict)
        self.blocking = cache(self._blocking)
        self.free_of = cache(self._free_of)
        self.of_client: dict[UUID, list[week.Session]] = defaultdict(list)
        for one in self.problem.sessions:
            if one.client_id is not None:
                self.of_client[one.client_id].append(one)
            for post in one.posts:
                self._placed((one.id, post), self._choices(one, post))
        if fixed is None:
            self._order()
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

    def _at_most(self, terms: Sequence[cp_model.LiteralT], most: int, rule: week.Rule) -> None:
        constraint = self.cp.add(cp_model.LinearExpr.sum(terms) <= most)
        if self.fixed is not None:
            constraint.only_enforce_if(self.switches[rule])

    def _at_most_one(self, choices: Sequence[cp_model.LiteralT], rule: week.Rule) -> None:
        if self.fixed is None:
            self.cp.add_at_most_one(choices)
        else:
            self._at_most(choices, 1, rule)

    def _placed(self, key: week.Key, choices: Collection[Choice]) -> None:
        """One of the choices is taken, or it has no place."""
        if self.fixed is None:
            self.without[key] = nothing = self._choice()
            self.cp.add_exactly_one([*choices, nothing])
        elif key in self.fixed:
            held = self.cp.add_bool_or(list(choices))
            if (rule := self.fixed[key]) is not None:
                held.only_enforce_if(self.switches[rule])

    def _choices(self, one: week.Session, post: Post) -> Collection[Choice]:
        """That there is a room, or who of those who may has the post, and when."""
        if post == "room":
            self.rooms.append((one, one.times[0], self._choice()))
            return [self.rooms[-1][-1]]
        times, key = one.times, (one.id, post)
        if self.fixed is not None and one.client_id is not None:
            hours = (at for person in self.problem.people for at in person.hours)
            times += week.joined(span for site, span in hours if site == one.site_id)
        found, alike = self.options[key], defaultdict[tuple[UUID, int], list[week.Place]](list)
        for begins in week.starts(times, one.minutes, self.permitted.policy.step_minutes):
            stay = one.stay(begins)
            for person in self._people(one, stay, post):
                place = week.Place(begins, person.id)
                if self.timed is not None and post == "session" and person.id not in self.timed:
                    alike[person.id, self.permitted.wish(key, place)].append(place)
                    continue
                found[place] = choice = self._choice()
                self.busy[person.id].append((stay, choice))
                if post == "session":
                    self.rooms.append((one, stay.span, choice))
                if self.fixed is not None:
                    for rule in measures.broken(person, one, stay, self.problem.ways):
                        self.cp.add_implication(choice, self.switches[rule].negated())
        for places in alike.values():
            found[places[0]] = self._at_any_of(one, places)
        return found.values()

    def _people(self, one: week.Session, stay: week.Stay, post: Post) -> Iterable[week.Person]:
        if self.fixed is not None:
            return self.problem.people
        told, people = self.who.get((one.id, post)), self.permitted.people(one, stay)
        return people if told is None else [who for who in people if who.id == told.person]

    def _order(self) -> None:
        """Who leads and who helps is no choice between the same two."""
        for session in self.problem.of_cohorts:
            leads, helps = (self.options.get((session.id, post), {}) for post in measures.POSTS[:2])
            order = sorted({*leads, *helps}, key=partial(measures.precedence, session))
            for place in range(len(order) if helps else 0):
                later = [leads[one] for one in order[place:] if one in leads]
                earlier = [helps[one] for one in order[: place + 1] if one in helps]
                self.cp.add_at_most_one(later + earlier)

    def _at_any_of(self, session: week.Session, places: Sequence[week.Place]) -> Choice:
        """One choice for all times with a person that are worth the same, if groups leave one of
        them free. Other sessions of the client are not looked at."""
        choice, first = self._choice(), places[0]
        self.same[session.id] |= dict.fromkeys(places, first)
        ways = {self.blocking(first.person, session.stay(at.begins)) for at in places}
        if frozenset() not in ways:
            fewest = [one for one in ways if not any(other < one for other in ways)]
            free = [self.free_of(first.person, stays) for stays in fewest]
            self.cp.add_bool_or(free).only_enforce_if(choice)
        return choice

    def _blocking(self, person: UUID, stay: week.Stay) -> frozenset[week.Stay]:
        """When groups keep a person from being there then."""
        ways, groups = self.problem.ways, (group for group, _ in self.busy[person])
        return frozenset(group for group in groups if measures.collide(stay, group, ways))

    def _free_of(self, person: UUID, stays: frozenset[week.Stay]) -> Choice:
        """That a person is in none of the groups of these times."""
        free = self._choice()
        for stay in stays:
            taken = [choice for other, choice in self.busy[person] if other == stay]
            self.cp.add_at_most_one([free, *taken])
        return free

    def _one_at_a_time(self) -> None:
        """Nobody is in two sessions at once, nor in one after another that is too far away."""
        for person, stays in self.busy.items():
            self._in_turn(person, [(stay.span, choice) for stay, choice in stays])
            self._travel(person, stays)
        for client, sessions in self.of_client.items():
            if len(sessions) > 1 and self.timed is None:
                taken = [
                    (one.stay(place.begins).span, choice)
                    for one in sessions
                    for place, choice in self.options[one.id, "session"].items()
                ]
                self._in_turn(client, taken)

    def _in_turn(self, who: UUID, taken: Iterable[tuple[week.Span, Choice]]) -> None:
        for _, choices in week.at_once(taken):
            if len(choices) > 1:
                self._at_most_one(choices, week.Rule("one_at_a_time", who))

    def _travel(self, person: UUID, stays: Iterable[tuple[week.Stay, Choice]]) -> None:
        """Between sessions at two sites lies the way. The person is on the one's side at a minute,
        or from the way before each session at the other to the way after it on its side."""
        rule = week.Rule("travel", person)
        by_site: dict[UUID, list[tuple[week.Span, Choice]]] = defaultdict(list)
        for stay, choice in stays:
            if stay.site_id is not None:
                by_site[stay.site_id].append((stay.span, choice))
        for one, other in combinations(sorted(by_site), 2):
            if not (gap := self.problem.ways.get((one, other), 0)):
                continue
            wide: dict[week.Span, list[Choice]] = defaultdict(list)
            for span, choice in by_site[other]:
                wide[week.Span(span.begins - gap, span.ends + gap)].append(choice)
            for minute in {span.begins for span, _ in by_site[one]} | {at.begins for at in wide}:
                now = week.Span(minute, minute + 1)
                here = [choice for span, choice in by_site[one] if span.meets(now)]
                away = [choices for span, choices in wide.items() if span.meets(now)]
                if here and away:
                    is_here = self._choice()
                    self._none_of(here, is_here.negated(), rule)
                    for choices in away:
                        self._none_of(choices, is_here, rule)

    def _none_of(self, choices: list[Choice], where: cp_model.LiteralT, rule: week.Rule) -> None:
        """None of the choices where something is so. They exclude each other by another rule."""
        together = [choices] if self.fixed is None else [[one] for one in choices]
        for some in together:
            self._at_most_one([where, *some], rule)

    def _count_rooms(self) -> None:
        """At no time there are more sessions than rooms that are large enough. Starts of one time
        are counted once for all."""
        alike: dict[tuple[UUID, bool, week.Span, int], list[Choice]] = defaultdict(list)
        for one, span, choice in self.rooms:
            alike[one.site_id, one.telehealth, span, one.people].append(choice)
        taken: dict[tuple[UUID, bool], list[tuple[week.Span, int, Choice]]] = defaultdict(list)
        for (site, telehealth, span, people), choices in alike.items():
            taken[site, telehealth].append((span, people, self.count(choices)))
        for (site, telehealth), uses in taken.items():
            rooms = [
                r for r in self.problem.rooms if (r.site_id, r.telehealth) == (site, telehealth)
            ]
            for least in sorted({0, *(room.capacity for room in rooms)}):
                large = [room for room in rooms if room.capacity > least]
                asked = ((span, one) for span, people, one in uses if people > least)
                for minute, counts in week.at_once(asked):
                    now = week.Span(minute, minute + 1)
                    free = sum(not any(now.meets(span) for span in room.taken) for room in large)
                    self._at_most(counts, free, week.Rule("rooms", site))

    def _caseloads(self) -> None:
        """Nobody sees more clients alone in the week than the caseload has room for."""
        seen: dict[UUID, dict[UUID, list[Choice]]] = defaultdict(lambda: defaultdict(list))
        for client, sessions in self.of_client.items():
            for one in sessions:
                for place, choice in self.options[one.id, "session"].items():
                    seen[place.person][client].append(choice)
        for person in self.problem.people:
            terms: list[Choice] = []
            for client in seen[person.id].keys() - person.caseload:
                choices = seen[person.id][client]
                if len(self.of_client[client]) > 1:
                    sees = self._choice()
                    for choice in choices:
                        self.cp.add_implication(choice, sees)
                    choices = [sees]
                terms += choices
            if terms and person.caseload_limit is not None:
                most = max(0, person.caseload_limit - len(person.caseload))
                self._at_most(terms, most, week.Rule("caseload", person.id))

    def hint(self, plan: week.Plan) -> None:
        """Where to start. Only what holds may be hinted: a plan that breaks a rule leads astray."""
        self.cp.clear_hints()  # type: ignore[no-untyped-call]  # theirs
        for key, found in self.options.items():
            now = plan.who.get(key)
            now = now and self.same[key[0]].get(now, now)
            for place, choice in found.items():
                self.cp.add_hint(choice, place == now)
        for key, nothing in self.without.items():
            self.cp.add_hint(nothing, key in plan.unplaced)

    def read(self, value: Callable[[Choice], bool]) -> week.Plan:
        """The plan that a solution is, without rooms."""
        taken = (
            (key, at) for key, found in self.options.items() for at in found if value(found[at])
        )
        missing = {key: () for key, nothing in self.without.items() if value(nothing)}
        return week.Plan(dict(taken), {}, missing)


def solver(seconds: float, workers: int) -> cp_model.CpSolver:
    """As all models here are solved."""
    made = cp_model.CpSolver()
    made.parameters.max_time_in_seconds = seconds
    made.parameters.num_workers = workers
    made.parameters.linearization_level = 2
    made.parameters.cp_model_probing_level = 0  # takes longer than the small models it helps
    return made


def goal(terms: Iterable[Term]) -> cp_model.LinearExprT:
    """The sum that is to be as small as possible."""
    given = list(terms)
    return cp_model.LinearExpr.weighted_sum([one for one, _ in given], [w for _, w in given])


def with_rooms(permitted: measures.Permitted, plan: week.Plan) -> week.Plan:
    """The same plan with a room for each session, those that were published where it can be; what
    gets none has no place."""
    cp, problem = cp_model.CpModel(), permitted.problem
    uses: dict[UUID, list[tuple[week.Span, Choice]]] = defaultdict(list)
    chosen: dict[week.Key, dict[UUID, Choice]] = {}
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
        for _, choices in week.at_once(taken):
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
        (one, post): () if post == "room" else (week.Rule("rooms", permitted.asked[one].site_id),)
        for one, post in chosen
        if one not in rooms
    }
    who = {key: place for key, place in plan.who.items() if key not in lacking}
    unplaced = {key: rules for key, rules in plan.unplaced.items() if key[1] != "room"}
    return week.Plan(who, rooms, unplaced | lacking)
