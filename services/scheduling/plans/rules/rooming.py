"""Which room each session has, when people and times stand."""

from collections import defaultdict
from dataclasses import replace
from uuid import UUID

from ortools.sat.python import cp_model

from services.scheduling.plans.policy import PlanPolicy, Post
from services.scheduling.plans.rules import problem as week
from services.scheduling.plans.rules.goals import Term, goal
from services.scheduling.plans.rules.model import FOUND, Choice, solver
from services.scheduling.plans.rules.permitted import fits
from services.scheduling.plans.rules.spans import at_once


def with_rooms(problem: week.Problem, policy: PlanPolicy, plan: week.Plan) -> week.Plan:
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
        found = {room.id: cp.new_bool_var("") for room in problem.rooms if fits(room, one, span)}
        nothing = cp.new_bool_var("")
        cp.add_exactly_one([*found.values(), nothing])
        terms.append((nothing, policy.unplaced[post] * 10_000))
        for room, choice in found.items():
            uses[room].append((span, choice))
            if published not in (None, room):
                terms.append((choice, 1))
        chosen[one.id] = found
    for taken in uses.values():
        for _, choices in at_once(taken):
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
    return week.Plan(staffing, places, tuple(unplaced))
