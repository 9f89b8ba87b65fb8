"""A week planned: what must hold, what is asked first, and why something has no place."""

from collections import defaultdict
from dataclasses import replace
from itertools import combinations, permutations
from random import Random
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scheduling.plans.policy import Post, plan_policy
from services.scheduling.plans.rules.explaining import shrunk
from services.scheduling.plans.rules.greedy import Greedy
from services.scheduling.plans.rules.measures import (
    POSTS,
    Permitted,
    broken,
    collide,
    precedence,
)
from services.scheduling.plans.rules.model import Model
from services.scheduling.plans.rules.planning import parts, plan_week
from services.scheduling.plans.rules.problem import (
    Person,
    Place,
    Plan,
    Problem,
    Room,
    Rule,
    Session,
    Span,
    Staffing,
    Stage,
    Stay,
    Stop,
    at_once,
    joined,
    starts,
    without,
)
from services.scheduling.plans.rules.stages import by_stages

POLICY = plan_policy().model_copy(update={"seconds": 20, "seconds_to_explain": 10})
DAY = 1440


def id_of(number: int) -> UUID:
    return UUID(int=number)


NORTH, SOUTH = id_of(1), id_of(2)
ANN, BEN, CLEO = id_of(11), id_of(12), id_of(13)


def person(one: UUID, *, site: UUID = NORTH, days: int = 5, **other: object) -> Person:
    hours = tuple(Stay(site, Span(day * DAY + 480, day * DAY + 1200)) for day in range(days))
    return replace(Person(one, hours), **other)  # type: ignore[arg-type]


ONE: tuple[Post, ...] = ("facilitator", "room")


def session(number: int, begins: int, minutes: int = 120, **other: object) -> Session:
    span = Span(begins, begins + minutes)
    made = Session(id_of(100 + number), NORTH, (span,), minutes, 8, ONE)
    return replace(made, **other)  # type: ignore[arg-type]


def alone(number: int, *times: Span) -> Session:
    """A session of one client."""
    return Session(id_of(200 + number), NORTH, times, 50, 2, client_id=id_of(300 + number))


ROOMS = tuple(Room(id_of(50 + n), NORTH, 12) for n in range(3))


def stopped() -> Stop:
    """Of whoever wants no more than the greedy plan."""
    stop = Stop()
    stop.ask()
    return stop


def planned(problem: Problem) -> Plan:
    plan = plan_week(problem, POLICY, stop=Stop())
    assert violations(problem, plan) == []
    return plan


def violations(problem: Problem, plan: Plan) -> list[str]:
    """Every hard rule that a plan breaks, found without any planner's code."""
    people = {one.id: one for one in problem.people}
    rooms = {one.id: one for one in problem.rooms}
    at: dict[UUID, list[Stay]] = defaultdict(list)
    seen: dict[UUID, set[UUID]] = defaultdict(set)
    wrong = []
    held = []
    for one in problem.sessions:
        room, stay = plan.rooms.get(one.id), plan.stay(one)
        leads = [plan.who[one.id, post].person for post in one.posts if (one.id, post) in plan.who]
        if stay is None:
            continue
        held.append((one, stay, room, leads))
        if one.client_id is not None:
            at[one.client_id].append(stay)
            seen[leads[0]].add(one.client_id)
            if room is None or not any(free.covers(stay.span) for free in one.times):
                wrong.append(f"client {one.id}")
    for one, stay, room, leads in held:
        for lead in leads:
            at[lead].append(stay)
            wrong += [rule.name for rule in broken(people[lead], one, stay, problem.ways)]
        if room is not None:
            at[room].append(stay)
            if rooms[room].capacity < one.people or rooms[room].site_id != one.site_id:
                wrong.append(f"room {room}")
    for who, stays in at.items():
        wrong += [f"{who} twice" for a, b in combinations(stays, 2) if collide(a, b, problem.ways)]
    wrong += [
        f"caseload of {who}"
        for who, clients in seen.items()
        if (limit := people[who].caseload_limit) is not None
        and len(people[who].caseload | clients) > limit
    ]
    return wrong


def any_week(random: Random) -> Problem:
    """A small week of two sites that share somebody."""
    sites = (NORTH, SOUTH)

    def span(longest: int) -> Span:
        begins = random.randrange(2) * DAY + random.randrange(480, 1100, 30)
        return Span(begins, begins + random.randrange(60, longest, 30))

    people = [
        Person(
            id_of(10 + n),
            tuple(
                Stay(site, Span(day * DAY + 480, day * DAY + 1200))
                for day in range(2)
                for site in random.sample(sites, random.choice((1, 1, 2)))
            ),
            {"lead": random.choice((None, DAY))} if random.random() < 0.7 else {},
            leave=(span(300),) if random.random() < 0.3 else (),
            caseload_limit=random.choice((None, 1, 2)),
        )
        for n in range(4)
    ]
    return Problem(
        tuple(Room(id_of(50 + n), sites[n % 2], random.choice((3, 12))) for n in range(4)),
        tuple(people),
        (
            *(
                Session(
                    id_of(100 + n),
                    random.choice(sites),
                    (met := span(180),),
                    met.minutes,
                    8,
                    credentials=random.choice(((), ("lead",))),
                    posts=POSTS if random.random() < 0.3 else ONE,
                    usual=random.choice((None, *(one.id for one in people))),
                    published=Staffing(random.choice((None, *(one.id for one in people)))),
                )
                for n in range(4)
            ),
            *(
                Session(
                    id_of(200 + n),
                    sites[n // 2],
                    (span(400),),
                    50,
                    2,
                    client_id=id_of(300 + n // 2),
                    usual=random.choice((None, *(one.id for one in people))),
                )
                for n in range(4)
            ),
        ),
        {(NORTH, SOUTH): 35, (SOUTH, NORTH): 35},
    )


@settings(max_examples=12)
@given(st.integers(0, 10_000))
def test_no_plan_breaks_a_rule_and_none_is_worse_than_the_greedy_one_or_below_its_bound(seed: int):
    problem = any_week(Random(seed))
    policy = POLICY.model_copy(update={"explained": 0, "gap_percent": 0})
    simple = plan_week(problem, policy, stop=stopped())
    assert violations(problem, simple) == []
    plan = plan_week(problem, policy, stop=Stop())
    assert violations(problem, plan) == []
    worth = tuple(stage.objective for stage in plan.stages)
    assert worth <= tuple(stage.objective for stage in simple.stages)
    assert all(stage.bound <= stage.objective for stage in plan.stages)
    if len(parts(problem)) == 1:
        assert worth == Permitted(problem, policy).worth(plan)
        whole = Model(Permitted(problem, policy))
        exact = by_stages(whole, simple, [], 20, Stop(), 1).reached
        for best, stage in zip(exact, plan.stages, strict=True):
            assert best >= stage.bound
            if best < stage.objective:
                break


def test_of_an_ill_therapist_the_sessions_move_and_no_others():
    """Twenty-four sessions of three people, eight of them of somebody who is ill."""
    people = (ANN, BEN, CLEO)
    told = [
        session(
            n,
            n // 6 * DAY + 480 + n % 6 * 60,
            60,
            published=Staffing(people[n % 3], room=ROOMS[n % 3].id),
        )
        for n in range(24)
    ]
    ill = person(ANN, leave=(Span(0, 7 * DAY),))
    plan = planned(Problem(ROOMS, (ill, person(BEN), person(CLEO)), tuple(told)))
    moved = [one.id for one in told if plan.has(one.id, "facilitator") != one.published.facilitator]
    assert sorted(moved) == sorted(one.id for one in told if one.published.facilitator == ANN)
    assert plan.proved
    assert plan.stages[1].objective == plan.stages[1].bound == 8


def test_a_plan_is_proved_only_where_its_bound_is_reached():
    assert not Plan({}, {}, {}, (Stage("wishes", 100, 99),)).proved
    assert Plan({}, {}, {}, (Stage("wishes", 100, 100),)).proved
    assert Plan({}, {}, {}, (Stage("wishes", 100, 99),)).gap == pytest.approx(0.01)


def conflict_of(problem: Problem) -> set[Rule]:
    ((_, conflict),) = planned(problem).unplaced.items()
    return set(conflict)


def test_who_has_the_credential_is_on_leave():
    problem = Problem(
        ROOMS,
        (person(ANN, credentials={"lead": None}, leave=(Span(480, 900),)), person(BEN)),
        (session(1, 540, credentials=("lead",)),),
    )
    assert conflict_of(problem) == {Rule("credentials", id_of(101)), Rule("leave", ANN)}


def test_one_person_for_two_sessions_at_once():
    problem = Problem(ROOMS, (person(ANN),), (session(1, 540), session(2, 600)))
    (((one, _), conflict),) = planned(problem).unplaced.items()
    other = id_of(101) if one == id_of(102) else id_of(102)
    assert set(conflict) == {Rule("one_at_a_time", ANN), Rule("to_be_held", other)}


def test_of_two_sessions_at_once_at_one_site_the_way_to_another_is_not_the_reason():
    both = person(ANN, hours=person(ANN).hours + person(ANN, site=SOUTH).hours)
    sessions = (session(1, 540), session(2, 600), replace(session(3, 720), site_id=SOUTH))
    rooms = (*ROOMS, Room(id_of(60), SOUTH, 12))
    ways = {(NORTH, SOUTH): 30, (SOUTH, NORTH): 30}
    (((one, _), conflict),) = planned(Problem(rooms, (both,), sessions, ways)).unplaced.items()
    assert one == id_of(102)
    assert set(conflict) in (
        {Rule("one_at_a_time", ANN), Rule("to_be_held", id_of(101))},
        {Rule("travel", ANN), Rule("to_be_held", id_of(103))},
    )


@pytest.mark.parametrize("told", list(permutations((ANN, BEN, CLEO, None), 2)))
@pytest.mark.parametrize("usual", [ANN, BEN, None])
def test_the_same_two_in_order_are_never_worse(told: tuple[UUID, UUID], usual: UUID):
    one = session(1, 540, posts=POSTS, usual=usual, published=Staffing(*told))
    permitted = Permitted(Problem(ROOMS, (person(ANN), person(BEN), person(CLEO)), (one,)), POLICY)

    def worth(*people: UUID) -> tuple[int, ...]:
        held = ((one.id, post) for post in ("facilitator", "cofacilitator"))
        places = (Place(540, who) for who in people)
        return permitted.worth(Plan(dict(zip(held, places, strict=True)), {}))

    for two in permutations((ANN, BEN, CLEO), 2):
        ordered = sorted(two, key=lambda who: precedence(one, Place(540, who)))
        assert worth(*ordered) <= worth(*two)


def test_no_room_is_large_enough():
    problem = Problem(ROOMS, (person(ANN),), (session(1, 540, people=13),))
    assert conflict_of(problem) == {Rule("rooms", NORTH)}


def test_a_client_can_come_only_while_nobody_works():
    problem = Problem(ROOMS, (person(ANN, days=1),), (alone(1, Span(1260, 1380)),))
    assert conflict_of(problem) == {Rule("availability", id_of(301)), Rule("working_hours", ANN)}


def test_the_caseload_is_full():
    full = person(ANN, caseload_limit=1, caseload=frozenset({id_of(302)}))
    problem = Problem(ROOMS, (full,), (alone(1, Span(480, 900)), alone(2, Span(480, 900))))
    plan = planned(problem)
    assert set(plan.who) == {(id_of(202), "session")}
    assert list(plan.unplaced.values()) == [(Rule("caseload", ANN),)]


def test_the_way_between_two_sites_is_too_long():
    hours = (Stay(NORTH, Span(480, 1200)), Stay(SOUTH, Span(480, 1200)))
    there = replace(session(2, 680), site_id=SOUTH)
    rooms = (*ROOMS, Room(id_of(60), SOUTH, 12))
    problem = Problem(rooms, (Person(ANN, hours),), (session(1, 540), there), {(NORTH, SOUTH): 30})
    ways = {**problem.ways, (SOUTH, NORTH): 30}
    (conflict,) = planned(replace(problem, ways=ways)).unplaced.values()
    assert Rule("travel", ANN) in conflict
    near = dict.fromkeys(ways, 20)
    assert not planned(replace(problem, ways=near)).unplaced


def test_a_run_that_was_stopped_at_once_has_the_greedy_plan():
    problem = Problem(ROOMS, (person(ANN), person(BEN)), (session(1, 540, usual=ANN),))
    plan = plan_week(problem, POLICY, stop=stopped())
    assert plan == Greedy(Permitted(problem, POLICY)).plan()


def test_sites_that_share_nobody_are_planned_apart():
    south = replace(session(1, 540), site_id=SOUTH)
    problem = Problem(ROOMS, (person(ANN), person(BEN, site=SOUTH)), (session(2, 540), south))
    assert sorted(len(part.sessions) for part in parts(problem)) == [1, 1]
    both = replace(person(CLEO), hours=person(CLEO).hours + person(CLEO, site=SOUTH).hours)
    (whole,) = parts(replace(problem, people=(*problem.people, both)))
    assert len(whole.sessions) == 2


@given(st.sets(st.integers(0, 9), min_size=1, max_size=4), st.permutations(range(10)))
def test_a_set_of_rules_is_shrunk_to_those_that_are_all_needed(core: set[int], rules: list[int]):
    def contradict(some):
        return list(some) if core <= set(some) else None

    assert set(shrunk(rules, contradict)) == core


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)), max_size=8))
def test_two_overlap_if_and_only_if_they_are_in_one_of_the_largest_sets(given_spans):
    spans = [(Span(begins, begins + length), n) for n, (begins, length) in enumerate(given_spans)]
    together = {pair for _, ones in at_once(spans) for pair in combinations(sorted(ones), 2)}
    assert together == {
        (a, b) for (one, a), (other, b) in combinations(spans, 2) if one.meets(other)
    }


def test_times_are_joined_and_cut():
    assert joined([Span(5, 9), Span(0, 5)]) == (Span(0, 9),)
    assert without([Span(0, 9)], [Span(2, 3), Span(8, 12)]) == (Span(0, 2), Span(3, 8))
    assert starts([Span(10, 100)], 50, 30) == [10, 30]
