"""Which recommendation is made, kept or withdrawn; and that none comes and goes."""

from dataclasses import replace
from typing import Any

import pytest

from services.outcomes.step_down.policy import RecommendationPolicy
from services.outcomes.step_down.rules.choice import Choice, Open, choose
from services.outcomes.step_down.rules.figures import Facts, Risk
from shared.contracts.outcomes import RecommendationKind
from tests.support.recommendations import (
    FACTS,
    FIGURES,
    GAD7,
    PHQ9,
    POLICY,
    TODAY,
    day,
    policy_of,
    with_change,
    with_scores,
)

DOWN = Open("step_down", frozenset(one.name for one in POLICY.step_down.rules))  # type: ignore[union-attr]
UP = Open("step_up", frozenset({"attendance_low"}))
EXTEND = Open("extend", frozenset({"usual_length_reached", "takes_part"}))
LOW = replace(FACTS, figures=replace(FIGURES, attended=4, missed=6, consecutive_missed=2))
LONG = replace(FACTS, enrolled_on=day(70), scores={"phq-9": replace(PHQ9, total=12)})
NOTHING = Choice()


def made(facts: Facts, known: Open | None = None, *paused: RecommendationKind) -> Any:
    """The kind that is made, and why the open one is withdrawn."""
    choice = choose(POLICY, facts, known, paused)
    return choice.make and choice.make.kind, choice.withdraw


def with_attendance(attended: int) -> Facts:
    return replace(FACTS, figures=replace(FIGURES, attended=attended, missed=100 - attended))


def test_whoever_needs_nothing_else_is_told_nothing() -> None:
    assert choose(POLICY, with_scores(phq9=None), None, ()) == NOTHING


@pytest.mark.parametrize(
    ("facts", "kind"), [(FACTS, "step_down"), (LOW, "step_up"), (LONG, "extend")]
)
def test_a_recommendation_is_made_by_its_rules(facts: Facts, kind: str) -> None:
    assert made(facts) == (kind, None)
    assert made(facts, None, kind) == (None, None)  # type: ignore[arg-type]


def test_what_is_made_says_where_to_and_what_is_missing_for_a_step_down() -> None:
    down, up, extend = (choose(POLICY, one, None, ()).make for one in (FACTS, LOW, LONG))
    assert down is not None
    assert up is not None
    assert extend is not None
    assert [one.to_level for one in (down, up, extend)] == ["1.5", "2.5", "2.1"]
    assert [one.missing for one in (down, up, extend)] == [
        [],
        ["attendance_rate", "no_recent_miss"],
        ["phq_9", "gad_7"],
    ]
    assert [one.name for one in up.criteria if one.met] == ["attendance_low"]
    assert [one.name for one in extend.criteria] == ["usual_length_reached", "takes_part"]


def test_a_step_up_goes_before_a_step_down_and_that_before_an_extension() -> None:
    both = replace(FACTS, enrolled_on=day(70))
    assert made(both) == ("step_down", None)
    assert made(both, None, "step_down") == ("extend", None)
    assert made(both, EXTEND) == ("step_down", "superseded")
    assert made(both, DOWN) == (None, None)
    assert made(replace(LOW, enrolled_on=day(70)), EXTEND) == ("step_up", "superseded")
    assert made(LONG, UP) == ("extend", "no_longer_met")


@pytest.mark.parametrize(
    ("attended", "kept"), [(100, True), (80, True), (79, True), (70, True), (69, False)]
)
def test_an_open_step_down_stands_within_what_its_rules_keep(attended: int, kept: bool) -> None:
    assert made(with_attendance(attended), DOWN) == (None, None if kept else "no_longer_met")


def test_a_figure_at_its_bound_makes_one_recommendation_and_not_many() -> None:
    known: Open | None = None
    happened = []
    for attended in (80, 79, 80, 78, 81, 71, 80, 79):
        kind, withdrawn = made(with_attendance(attended), known)
        happened += [kind] if kind else []
        assert withdrawn is None
        known = DOWN if kind else known
    assert happened == ["step_down"]


@pytest.mark.parametrize(
    ("facts", "kept"),
    [
        (replace(FACTS, figures=replace(FIGURES, consecutive_missed=1)), True),
        (replace(FACTS, figures=replace(FIGURES, consecutive_missed=2)), False),
        (with_scores(phq9=replace(PHQ9, total=11)), True),
        (with_scores(phq9=replace(PHQ9, total=12)), False),
        (with_scores(phq9=replace(PHQ9, answered_on=day(30))), True),
        (with_scores(phq9=replace(PHQ9, safety_item="unknown")), True),
        (with_scores(phq9=replace(PHQ9, safety_item="positive")), False),
        (with_scores(phq9=replace(PHQ9, total=None, safety_item="positive")), False),
        (with_scores(phq9=None, gad7=None), True),
        (with_scores(gad7=replace(GAD7, safety_item="positive")), True),
        (replace(FACTS, risks=[Risk("moderate", TODAY)]), False),
    ],
)
def test_an_open_one_is_withdrawn_by_what_is_known_and_not_by_what_is_missing(
    facts: Facts, kept: bool
) -> None:
    assert made(facts, DOWN) == (None, None if kept else "no_longer_met")


@pytest.mark.parametrize(("attended", "kept"), [(49, True), (59, True), (60, False)])
def test_an_open_step_up_stands_within_what_its_rule_keeps(attended: int, kept: bool) -> None:
    facts = with_attendance(attended)
    assert made(facts, UP) == (None, None if kept else "no_longer_met")


def test_an_open_one_stands_too_when_other_rules_take_its_place() -> None:
    facts = replace(with_attendance(60), uses=[TODAY, TODAY])
    assert made(facts, UP) == (None, None)


def test_an_open_one_of_a_kind_that_the_policy_knows_no_more_is_withdrawn() -> None:
    without = RecommendationPolicy.model_validate(with_change(("extend",), None))
    assert choose(without, LONG, EXTEND, ()) == Choice("no_longer_met")


def test_a_rule_that_the_policy_has_no_more_holds_nothing() -> None:
    known = Open("step_up", frozenset({"given_up"}))
    assert made(with_scores(phq9=None), known) == (None, "no_longer_met")


def test_a_policy_may_ask_for_some_of_its_rules() -> None:
    rules = [
        {"name": "attends", "figure": "attendance_percent", "at_least": 90, "source": "Test"},
        {"name": "stays", "figure": "weeks_in_program", "at_least": 5, "source": "Test"},
        {"name": "reaches", "figure": "met_goals", "at_least": 1, "source": "Test"},
    ]
    for needed, kind in ((1, "step_down"), (2, None)):
        policy = policy_of(step_down={"to_level": "1.5", "needed": needed, "rules": rules})
        choice = choose(policy, FACTS, None, ())
        assert (choice.make and choice.make.kind) == kind
