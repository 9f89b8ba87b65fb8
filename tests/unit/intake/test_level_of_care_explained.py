"""Why a level is recommended, and what is said of its outcomes."""

import pytest
from hypothesis import given

from services.intake.dual_diagnosis.policy import policy as dual_diagnosis
from services.intake.level_of_care.rules.capability import Capability
from services.intake.level_of_care.rules.explanation import determine, in_words
from services.intake.level_of_care.rules.policy import LevelOfCarePolicy
from services.intake.level_of_care.rules.recommendation import recommend
from services.intake.level_of_care.rules.replay import Replayed, replay
from tests.unit.intake.levels import FOURTH, POLICY, RATED, SHIPPED, ratings


def test_each_criterion_says_what_was_asked_for_and_whether_the_program_covers_it():
    found = determine(POLICY, ratings("000024"), {})
    assert [one.met for one in found.criteria] == [True, True, True, True, True, False, False]
    environment = found.criteria[5]
    assert environment.name == "dimension 6: recovery environment"
    assert environment.observed == "rating 4: residential, 9 or more hours a week"
    assert environment.required == (
        "at most what level 2.1 offers: living at home, 9 or more hours a week"
    )
    assert environment.source == "illustrative-adult-3 3"
    assert found.deciding == ("6",)


@given(SHIPPED, RATED)
def test_the_program_covers_every_dimension_exactly_when_no_higher_level_is_needed(
    policy: LevelOfCarePolicy, rated: dict[str, int]
):
    found = determine(policy, rated, {})
    level = found.recommendation.level
    held = all(one.met for one in found.criteria[:-1])
    program = policy.place_of(policy.program_level) or 0
    if level is None:
        assert not held
    elif held:
        assert (policy.place_of(level) or 0) <= program
    assert found.recommendation == recommend(policy, rated)


def test_every_rule_that_fired_is_told_with_its_inputs():
    found = determine(FOURTH, ratings("402330"), {})
    first, beside, least = found.rules
    assert first.rule == "evaluation_first"
    assert first.inputs == {"dimension 1": "rating 4"}
    assert first.outcome == "no level before the evaluation"
    assert beside.rule == "when_residential"
    assert set(beside.inputs) == {"dimension 3"}
    assert "20 or more hours" in beside.inputs["dimension 3"]
    assert beside.outcome == (
        "counts as living at home, no minimum of hours, enhanced for co-occurring disorders beside "
        "a residence, by the policy's join_enhanced"
    )
    assert least.rule == "least_level"
    assert set(least.inputs) == {f"dimension {n}" for n in (2, 3, 4, 5)}
    assert least.outcome == (
        "3.1-coe is the least level that offers residential, 9 or more hours a week, enhanced for "
        "co-occurring disorders"
    )


def test_a_rule_that_did_not_fire_is_not_told():
    assert [one.rule for one in determine(POLICY, ratings("000420"), {}).rules] == ["least_level"]


@pytest.mark.parametrize(
    ("rated", "shown"),
    [
        ("000200", True),
        ("111230", True),
        ("112200", False),
        ("200200", False),
        ("120200", False),
        ("002200", False),
        ("111110", False),  # outpatient is recommended
        ("000024", False),  # a residence is
        ("400200", False),  # an evaluation comes first
    ],
)
def test_comparable_outcomes_are_told_with_their_condition_or_not_at_all(rated: str, shown: bool):
    found = determine(POLICY, ratings(rated), {})
    assert (found.comparable is not None) is shown
    assert ("comparable_outcomes" in {one.rule for one in found.rules}) is shown
    if found.comparable is not None:
        assert "minimal risk" in found.comparable.condition
        assert "SAMHSA" in found.comparable.source
        rule = next(one for one in found.rules if one.rule == "comparable_outcomes")
        assert rule.outcome == "minimal risk"
        assert rule.inputs == {f"dimension {n}": f"rating {rated[n - 1]}" for n in (1, 2, 3)}


def test_a_policy_without_the_statement_never_shows_it():
    silent = POLICY.model_copy(update={"comparable_to_residential": None})
    assert determine(silent, ratings("000200"), {}).comparable is None


@given(SHIPPED, RATED)
def test_nobody_above_minimal_risk_is_told_that_outcomes_are_comparable(
    policy: LevelOfCarePolicy, rated: dict[str, int]
):
    if any(rated[number] > 1 for number in ("1", "2", "3")):
        assert determine(policy, rated, {}).comparable is None


@pytest.mark.parametrize(
    ("rated", "screens", "dual"),
    [
        ("001220", {"phq-9": True, "gad-7": False}, True),
        ("001220", {"gad-7": True, "audit-c": True}, True),
        ("001220", {"pc-ptsd-5": True, "phq-9": False}, True),
        ("000220", {"phq-9": True}, False),
        ("002220", {"audit-c": True}, False),
        ("002220", {"phq-9": None, "gad-7": False}, False),
        ("002220", {}, False),
    ],
)
def test_dual_diagnosis_needs_a_positive_screen_and_a_rated_need(
    rated: str, screens: dict[str, bool | None], dual: bool
):
    found = determine(POLICY, ratings(rated), screens)
    assert found.dual_diagnosis is dual
    assert found.criteria[-1].met is dual


@pytest.mark.parametrize("policy", [POLICY, FOURTH], ids=["third", "fourth"])
def test_the_screens_are_those_by_which_a_dual_diagnosis_is_suspected(policy: LevelOfCarePolicy):
    assert set(policy.dual_diagnosis.instruments) == set(dual_diagnosis().mental_health.screens)


def test_an_open_or_missing_screen_is_not_told_as_negative():
    criterion = determine(POLICY, ratings("001220"), {"phq-9": None}).criteria[-1]
    assert criterion.name == "dual_diagnosis"
    assert criterion.observed == (
        "phq-9 undetermined, phq-2 not answered, gad-7 not answered, gad-2 not answered, "
        "pc-ptsd-5 not answered, pcl-5 not answered; dimension 3 rated 1"
    )
    assert criterion.required == (
        "a positive screen on phq-9 or phq-2 or gad-7 or gad-2 or pc-ptsd-5 or pcl-5 and dimension "
        "3 rated 1 or more"
    )
    told = determine(POLICY, ratings("000220"), {"phq-9": True, "gad-7": False}).criteria[-1]
    assert told.observed.startswith("phq-9 positive, phq-2 not answered, gad-7 negative, ")
    assert told.observed.endswith("; dimension 3 rated 0")
    assert told.source == POLICY.dual_diagnosis.source


@pytest.mark.parametrize(
    ("need", "words"),
    [
        ("evaluate", "a medical or psychiatric evaluation first"),
        (Capability(), "living at home, no minimum of hours"),
        (
            Capability(hours=20, residential=True, medical="managed", withdrawal_management=True),
            "residential, 20 or more hours a week, medically managed, with withdrawal management",
        ),
        (
            Capability(
                hours=1,
                medical="inpatient",
                co_occurring_enhanced=True,
                biomedically_enhanced=True,
            ),
            "living at home, 1 or more hours a week, in a hospital, enhanced for co-occurring "
            "disorders, biomedically enhanced",
        ),
    ],
)
def test_needs_are_told_in_words(need: Capability, words: str):
    assert in_words(need) == words  # type: ignore[arg-type]


STRICTER = POLICY.model_copy(update={"levels": POLICY.levels[:2] + POLICY.levels[3:]})


@pytest.mark.parametrize(
    ("edition", "rated", "then", "found"),
    [
        ("3", "000200", "2.1", Replayed("moves", "2.5", ("4",))),
        ("3", "000200", "2.5", Replayed("stays", "2.5")),
        ("3", "400000", None, Replayed("stays", None)),
        ("3", "400000", "2.1", Replayed("moves", None, ("1",))),
        ("3", "000000", None, Replayed("moves", "0.5", ())),
        ("4", "000200", "2.5", Replayed("undecidable")),
        ("3", "00020", "2.5", Replayed("undecidable")),
        ("3", "000205", "2.5", Replayed("undecidable")),
    ],
)
def test_a_past_case_moves_stays_or_cannot_be_decided(
    edition: str, rated: str, then: str | None, found: Replayed
):
    assert replay(STRICTER, edition, ratings(rated), then) == found
