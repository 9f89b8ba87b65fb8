"""Whether a less intensive level would do: every criterion at its edge, and unknown never met."""

import json
from dataclasses import replace
from datetime import date, timedelta
from importlib import resources
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.outcomes import step_down as package
from services.outcomes.step_down.policy import StepDownPolicy, by_level, policies
from services.outcomes.step_down.rules import Figures, LatestScore, all_met, evaluate
from shared.contracts.base import Criterion
from shared.datafiles import DataFileInvalid, load_all
from tests.support.data import read_anew

TODAY = date(2026, 3, 16)
POLICY = policies()["2.1"]
NAMES = ["weeks_observed", "attendance_rate", "no_recent_miss", "phq_9", "gad_7"]

FIGURES = Figures(weeks_observed=3, attended=8, missed=2, excused=0, consecutive_missed=0)
PHQ9 = LatestScore(9, "complete", "negative", TODAY - timedelta(days=14))
GAD7 = LatestScore(9, "complete", None, TODAY - timedelta(days=14))


def found(
    figures: Figures | None = FIGURES,
    phq9: LatestScore | None = PHQ9,
    gad7: LatestScore | None = GAD7,
) -> dict[str, Criterion]:
    """What is found for a client who just meets every criterion, but for what is given."""
    scores = {"phq-9": phq9, "gad-7": gad7}
    known = {instrument: score for instrument, score in scores.items() if score is not None}
    criteria = evaluate(POLICY, figures, known, TODAY)
    assert [criterion.name for criterion in criteria] == NAMES
    return {criterion.name: criterion for criterion in criteria}


def unmet(criteria: dict[str, Criterion]) -> list[str]:
    return [name for name, criterion in criteria.items() if not criterion.met]


def test_who_just_meets_every_criterion_is_to_be_recommended() -> None:
    criteria = found()
    assert unmet(criteria) == []
    assert all_met(list(criteria.values()))


@pytest.mark.parametrize(
    ("missed_by_a_little", "name"),
    [
        ({"figures": replace(FIGURES, weeks_observed=2)}, "weeks_observed"),
        ({"figures": replace(FIGURES, attended=79, missed=20)}, "attendance_rate"),
        ({"figures": replace(FIGURES, attended=399, missed=100)}, "attendance_rate"),
        ({"figures": replace(FIGURES, consecutive_missed=1)}, "no_recent_miss"),
        ({"phq9": replace(PHQ9, total=10)}, "phq_9"),
        ({"gad7": replace(GAD7, total=10)}, "gad_7"),
        ({"phq9": replace(PHQ9, answered_on=TODAY - timedelta(days=15))}, "phq_9"),
        ({"gad7": replace(GAD7, answered_on=TODAY - timedelta(days=15))}, "gad_7"),
        ({"phq9": replace(PHQ9, safety_item="positive")}, "phq_9"),
    ],
)
def test_one_criterion_that_is_not_met_is_enough_to_stay(
    missed_by_a_little: dict[str, Any], name: str
) -> None:
    criteria = found(**missed_by_a_little)
    assert unmet(criteria) == [name]
    assert not all_met(list(criteria.values()))


def test_excused_absences_stay_in_the_denominator_of_the_attendance() -> None:
    assert unmet(found(replace(FIGURES, missed=0, excused=2))) == []
    criteria = found(replace(FIGURES, missed=0, excused=3))
    assert unmet(criteria) == ["attendance_rate"]
    assert criteria["attendance_rate"].observed == "72.7 % (8 of 11 sessions)"


@pytest.mark.parametrize("figures", [None, Figures(0, 0, 0, 0, 0)])
def test_who_came_to_no_session_yet_meets_no_criterion_of_engagement(
    figures: Figures | None,
) -> None:
    criteria = found(figures=figures)
    assert unmet(criteria) == NAMES[:3]
    assert {criteria[name].observed for name in NAMES[:3]} == {"no session yet"}


def test_a_score_is_as_old_as_the_days_that_are_over() -> None:
    criteria = found(phq9=replace(PHQ9, answered_on=TODAY - timedelta(days=14, hours=23)))
    assert unmet(criteria) == []
    assert "14 days old" in criteria["phq_9"].observed


def test_what_was_never_measured_is_not_met() -> None:
    criteria = found(phq9=None, gad7=None)
    assert unmet(criteria) == NAMES[3:]
    assert {criteria[name].observed for name in NAMES[3:]} == {"never measured"}


def test_of_whom_nothing_is_known_every_criterion_is_named_and_none_is_met() -> None:
    criteria = evaluate(POLICY, None, {}, TODAY)
    assert [(criterion.name, criterion.met) for criterion in criteria] == [
        (name, False) for name in NAMES
    ]
    assert not all_met(criteria)


@pytest.mark.parametrize("safety_item", ["positive", "unknown", None])
@pytest.mark.parametrize("total", [0, 9])
def test_no_total_makes_up_for_a_safety_item_that_is_not_negative(
    safety_item: str | None, total: int
) -> None:
    criteria = found(phq9=replace(PHQ9, total=total, safety_item=safety_item))
    assert unmet(criteria) == ["phq_9"]
    told = criteria["phq_9"].observed
    assert told == f"{total} (complete, 14 days old), safety item {safety_item or 'unknown'}"


def test_a_prorated_total_counts_as_a_total() -> None:
    criteria = found(phq9=replace(PHQ9, status="prorated"))
    assert unmet(criteria) == []
    assert criteria["phq_9"].observed.startswith("9 (prorated, ")


def test_an_incomplete_sitting_has_no_total_and_is_not_met() -> None:
    incomplete = LatestScore(None, "incomplete", "negative", TODAY)
    criteria = found(phq9=incomplete, gad7=replace(incomplete, safety_item=None))
    assert unmet(criteria) == NAMES[3:]
    assert criteria["phq_9"].observed == "incomplete, 0 days old, safety item negative"
    assert criteria["gad_7"].observed == "incomplete, 0 days old"


def test_each_criterion_says_what_was_asked_for_and_what_was_found() -> None:
    told = {name: (one.required, one.observed) for name, one in found().items()}
    assert told == {
        "weeks_observed": ("at least 3", "3 weeks"),
        "attendance_rate": ("at least 80 %", "80.0 % (8 of 10 sessions)"),
        "no_recent_miss": ("at most 0", "0 missed in a row"),
        "phq_9": (
            "below 10, safety item negative, at most 14 days old",
            "9 (complete, 14 days old), safety item negative",
        ),
        "gad_7": ("below 10, at most 14 days old", "9 (complete, 14 days old)"),
    }


def test_each_criterion_carries_the_source_that_the_policy_gives() -> None:
    sources = {one.name: one.source for one in POLICY.engagement}
    sources |= {one.name: one.source for one in POLICY.scores}
    assert {name: criterion.source for name, criterion in found().items()} == sources
    assert all(sources.values())


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
def test_each_criterion_is_met_by_its_own_bound_and_a_step_down_needs_all_of_them(
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
    criteria = found(figures, phq9, gad7)
    assert {name: criterion.met for name, criterion in criteria.items()} == expected
    assert all_met(list(criteria.values())) == all(expected.values())


def low_and_recent(score: LatestScore | None) -> bool:
    return (
        score is not None
        and score.total is not None
        and score.total < 10
        and (TODAY - score.answered_on).days <= 14
    )


def spoiled(place: tuple[str | int, ...], value: object) -> dict[str, Any]:
    """The policy with one thing changed, or taken out where no value is given."""
    policy: dict[str, Any] = json.loads(POLICY.model_dump_json())
    *way, last = place
    part: Any = policy
    for step in way:
        part = part[step]
    if value is None:
        del part[last]
    else:
        part[last] = value
    return policy


SPOILED = [
    (("engagement", 1, "source"), None),
    (("engagement", 1, "figure"), "mood"),
    (("engagement", 1, "at_leats"), 80),
    (("scores", 0, "source"), None),
    (("scores", 0, "below"), "ten"),
    (("scores", 0, "safety_item"), "positive"),
    (("scores", 0, "max_age_days"), None),
    (("pause_after_decline_days",), None),
    (("version",), None),
    (("engagement", 0, "at_least"), None),
    (("engagement", 0, "at_most"), 5),
    (("to_level",), "2.1"),
    (("pause_after_decline_days",), -1),
]


@pytest.mark.parametrize(("place", "value"), SPOILED)
def test_a_policy_that_leaves_something_open_is_refused(
    place: tuple[str | int, ...], value: object
) -> None:
    with pytest.raises(ValidationError):
        StepDownPolicy.model_validate(spoiled(place, value))


def test_a_policy_without_a_criterion_is_refused_as_it_would_recommend_everybody() -> None:
    policy = spoiled(("engagement",), []) | {"scores": []}
    with pytest.raises(ValidationError, match="everybody"):
        StepDownPolicy.model_validate(policy)


def test_of_two_policies_for_one_level_none_is_taken() -> None:
    with pytest.raises(ValueError, match=r"2\.1"):
        by_level({"a": POLICY, "b": POLICY})


def test_a_policy_file_that_cannot_be_used_keeps_the_service_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unusable = tmp_path / "outcomes" / "step_down" / "policies" / "unusable.json"
    unusable.parent.mkdir(parents=True)
    unusable.write_text(json.dumps(spoiled(("scores", 0, "below"), None)))
    read_anew(monkeypatch, policies, folder=tmp_path)
    with pytest.raises(DataFileInvalid, match=r"unusable\.json:1: scores\.0\.below"):
        load_all("outcomes")
    unusable.unlink()
    assert set(policies()) == {"2.1"}


def test_a_site_may_have_a_threshold_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, elsewhere = UUID(int=1), UUID(int=2)
    own = POLICY.model_dump(mode="json") | {"version": "north-1", "pause_after_decline_days": 21}
    own["engagement"][0]["at_least"] = 5
    (ours,) = (resources.files(package) / "data" / "policies").iterdir()
    file = tmp_path / "sites" / str(here) / "outcomes" / "step_down" / "policies" / ours.name
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(own))
    read_anew(monkeypatch, policies, folder=tmp_path)
    for site, met in ((here, False), (elsewhere, True)):
        found = evaluate(policies(site)["2.1"], FIGURES, {"phq-9": PHQ9, "gad-7": GAD7}, TODAY)
        assert found[0].met is met
    assert policies(here)["2.1"].version == "north-1"
