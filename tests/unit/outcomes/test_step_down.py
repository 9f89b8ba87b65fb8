"""Whether a less intensive level would do: every rule at its edge, and unknown never met."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.outcomes.step_down.rules.figures import Facts, Figures, Goal, LatestScore, Risk
from services.outcomes.step_down.rules.verdicts import evaluate, is_met, missing
from tests.support.recommendations import (
    FACTS,
    FIGURES,
    GAD7,
    PHQ9,
    POLICY,
    TODAY,
    day,
    found,
    unmet,
    with_scores,
)

WAY = POLICY.step_down
NAMES = [
    "weeks_observed",
    "attendance_rate",
    "no_recent_miss",
    "phq_9",
    "gad_7",
    "no_open_risk_flag",
    "goals_reached",
]


def with_figures(**changed: Any) -> Facts:
    return replace(FACTS, figures=replace(FIGURES, **changed))


def test_who_just_meets_every_rule_is_to_be_recommended() -> None:
    assert WAY is not None
    assert list(found()) == NAMES
    assert unmet(FACTS) == []
    assert is_met(WAY, list(found().values()))
    assert missing(POLICY, FACTS) == []


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        (with_figures(weeks_observed=2), "weeks_observed"),
        (with_figures(attended=79, missed=20), "attendance_rate"),
        (with_figures(attended=399, missed=100), "attendance_rate"),
        (with_figures(consecutive_missed=1), "no_recent_miss"),
        (with_scores(phq9=replace(PHQ9, total=10)), "phq_9"),
        (with_scores(gad7=replace(GAD7, total=10)), "gad_7"),
        (with_scores(phq9=replace(PHQ9, answered_on=day(15))), "phq_9"),
        (with_scores(gad7=replace(GAD7, answered_on=day(15))), "gad_7"),
        (with_scores(phq9=replace(PHQ9, safety_item="positive")), "phq_9"),
        (replace(FACTS, risks=[Risk("moderate", TODAY)]), "no_open_risk_flag"),
        (replace(FACTS, goals=[Goal("phase", "open", TODAY)]), "goals_reached"),
        (replace(FACTS, goals=[Goal("clinician", "open", TODAY)]), "goals_reached"),
    ],
)
def test_one_rule_that_is_not_met_is_enough_to_stay(facts: Facts, name: str) -> None:
    assert WAY is not None
    assert unmet(facts) == [name] == missing(POLICY, facts)
    assert not is_met(WAY, list(found(facts).values()))


def test_excused_absences_stay_in_the_denominator_of_the_attendance() -> None:
    assert unmet(with_figures(missed=0, excused=2)) == []
    facts = with_figures(missed=0, excused=3)
    assert unmet(facts) == ["attendance_rate"]
    verdict = found(facts)["attendance_rate"]
    assert verdict.observed == "72.7 % (8 of 11 sessions)"
    assert verdict.inputs == {"attended": 8, "excused": 3, "sessions": 11}


@pytest.mark.parametrize("figures", [None, Figures(0, 0, 0, 0, 0)])
def test_who_came_to_no_session_yet_meets_no_rule_of_engagement(figures: Figures | None) -> None:
    facts = replace(FACTS, figures=figures)
    assert unmet(facts) == NAMES[:3]
    told = found(facts)
    assert {told[name].observed for name in NAMES[:3]} == {"no session yet"}
    assert {told[name].value for name in NAMES[:3]} == {None}


def test_what_was_never_measured_is_not_met() -> None:
    facts = replace(FACTS, scores={})
    assert unmet(facts) == ["phq_9", "gad_7"]
    assert {found(facts)[name].observed for name in ("phq_9", "gad_7")} == {"never measured"}


def test_of_whom_nothing_is_known_every_rule_is_named() -> None:
    facts = Facts(today=TODAY, enrolled_on=TODAY)
    assert list(found(facts)) == NAMES
    assert unmet(facts) == NAMES[:5]


@pytest.mark.parametrize("safety_item", ["positive", "unknown", None])
@pytest.mark.parametrize("total", [0, 9])
def test_no_total_makes_up_for_a_safety_item_that_is_not_negative(
    safety_item: str | None, total: int
) -> None:
    facts = with_scores(phq9=replace(PHQ9, total=total, safety_item=safety_item))
    assert unmet(facts) == ["phq_9"]
    told = found(facts)["phq_9"].observed
    assert told == f"{total} (complete, 14 days old), safety item {safety_item or 'unknown'}"


def test_a_prorated_total_counts_as_a_total() -> None:
    facts = with_scores(phq9=replace(PHQ9, status="prorated"))
    assert unmet(facts) == []
    assert found(facts)["phq_9"].observed.startswith("9 (prorated, ")


def test_an_incomplete_sitting_has_no_total_and_is_not_met() -> None:
    incomplete = LatestScore(None, "incomplete", "negative", TODAY)
    facts = with_scores(phq9=incomplete, gad7=replace(incomplete, safety_item=None))
    assert unmet(facts) == ["phq_9", "gad_7"]
    told = found(facts)
    assert told["phq_9"].observed == "incomplete, 0 days old, safety item negative"
    assert told["gad_7"].observed == "incomplete, 0 days old"
    assert told["gad_7"].inputs == {"days_old": 0}


def test_each_verdict_says_what_was_asked_for_what_was_found_and_from_when() -> None:
    told = {name: (one.required, one.observed) for name, one in found().items()}
    assert told == {
        "weeks_observed": ("at least 3", "3 weeks"),
        "attendance_rate": ("at least 80 %", "80.0 % (8 of 10 sessions)"),
        "no_recent_miss": ("at most 0", "0 missed in a row"),
        "phq_9": (
            "at most 9, safety item negative, at most 14 days old",
            "9 (complete, 14 days old), safety item negative",
        ),
        "gad_7": ("at most 9, at most 14 days old", "9 (complete, 14 days old)"),
        "no_open_risk_flag": ("at most 0", "0 open"),
        "goals_reached": ("at most 0", "0 open"),
    }
    dated = {name: (one.value, one.as_of) for name, one in found().items()}
    assert dated == {
        "weeks_observed": (3.0, TODAY),
        "attendance_rate": (80.0, TODAY),
        "no_recent_miss": (0.0, TODAY),
        "phq_9": (9.0, day(14)),
        "gad_7": (9.0, day(14)),
        "no_open_risk_flag": (0.0, None),
        "goals_reached": (0.0, None),
    }
    assert found()["phq_9"].inputs == {"total": 9, "days_old": 14}
    assert found()["weeks_observed"].inputs == {"weeks": 3}
    assert found()["no_recent_miss"].inputs == {"missed": 0}
    assert {name: one.figure for name, one in found().items()} == {
        one.name: one.figure for one in (WAY.rules if WAY else ())
    }


def test_a_share_comes_with_its_limits_and_nothing_else_does() -> None:
    limits = {name: (one.lower, one.upper) for name, one in found().items()}
    assert limits.pop("attendance_rate") == (49.0, 94.3)
    assert set(limits.values()) == {(None, None)}
    never = found(with_figures(attended=0, missed=10))["attendance_rate"]
    assert (never.lower, never.upper) == (0.0, 27.8)


def test_each_verdict_carries_the_source_that_the_policy_gives() -> None:
    assert WAY is not None
    assert {one.name: one.source for one in WAY.rules} == {
        name: one.source for name, one in found().items()
    }
    assert all(one.source for one in WAY.rules)


def test_for_a_kind_that_the_policy_does_not_know_there_are_no_verdicts() -> None:
    assert evaluate(None, FACTS) == []


SCORES = st.one_of(
    st.none(),
    st.builds(
        LatestScore,
        st.one_of(st.none(), st.integers(7, 12)),
        st.sampled_from(["complete", "prorated", "incomplete"]),
        st.sampled_from(["negative", "negative", "positive", "unknown", None]),
        st.integers(12, 16).map(lambda days: TODAY - timedelta(days=days)),
    ),
)
SOME_FIGURES = st.one_of(
    st.none(),
    st.builds(
        Figures, st.integers(1, 4), st.integers(1, 9), *[st.integers(0, 2)] * 2, st.integers(0, 1)
    ),
)


@settings(max_examples=50, deadline=None)
@given(SOME_FIGURES, SCORES, SCORES)
def test_each_rule_is_met_by_its_own_bound_and_a_step_down_needs_all_of_them(
    figures: Figures | None, phq9: LatestScore | None, gad7: LatestScore | None
) -> None:
    expected = {
        "weeks_observed": figures is not None and figures.weeks_observed >= 3,
        "attendance_rate": figures is not None
        and figures.attended * 5 >= (figures.attended + figures.missed + figures.excused) * 4,
        "no_recent_miss": figures is not None and figures.consecutive_missed == 0,
        "phq_9": low_and_recent(phq9) and phq9 is not None and phq9.safety_item == "negative",
        "gad_7": low_and_recent(gad7),
    }
    facts = replace(with_scores(phq9, gad7), figures=figures)
    told = found(facts)
    assert {name: told[name].met for name in expected} == expected
    assert WAY is not None
    assert is_met(WAY, list(told.values())) == all(expected.values())


def low_and_recent(score: LatestScore | None) -> bool:
    return (
        score is not None
        and score.total is not None
        and score.total < 10
        and (TODAY - score.answered_on).days <= 14
    )
