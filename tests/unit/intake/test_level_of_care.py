"""Which level fits: the least one that covers every need."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.intake.level_of_care.policies import (
    Capability,
    LevelOfCarePolicy,
    by_edition,
    policies,
)
from services.intake.level_of_care.rules import determine, unfit_ratings

POLICY = policies()["3"]


def ratings(text: str) -> dict[str, int]:
    return {str(n): int(digit) for n, digit in enumerate(text, 1)}


@pytest.mark.parametrize(
    ("rated", "level"),
    [
        ("000000", "1.5"),
        ("001000", "1.5"),
        ("000200", "2.1"),
        ("112231", "2.1"),
        ("000003", "2.1"),
        ("200020", "2.5"),
        ("000024", "3.1"),
        ("000420", "3.5"),
        ("300000", "3.5"),
        ("200004", "3.5"),
    ],
)
def test_the_highest_need_decides(rated: str, level: str):
    assert determine(POLICY, ratings(rated), {}).level == level


@pytest.mark.parametrize("rated", ["400000", "040000", "004220"])
def test_a_medical_or_psychiatric_emergency_needs_an_evaluation_first(rated: str):
    found = determine(POLICY, ratings(rated), {})
    assert (found.status, found.level) == ("needs_evaluation", None)


def test_the_explanation_names_the_dimension_that_the_program_does_not_cover():
    found = determine(POLICY, ratings("000024"), {})
    unmet = [c for c in found.criteria if not c.met and c.name.startswith("dimension")]
    assert [c.name for c in unmet] == ["dimension 6: recovery environment"]
    assert "residential" in unmet[0].observed


@pytest.mark.parametrize(
    ("rated", "screens", "dual"),
    [
        ("001220", {"phq-9": True, "gad-7": False}, True),
        ("001220", {"gad-7": True, "audit-c": True}, True),
        ("000220", {"phq-9": True}, False),
        ("002220", {"audit-c": True}, False),
        ("002220", {"phq-9": None, "gad-7": False}, False),
        ("002220", {}, False),
    ],
)
def test_dual_diagnosis_needs_a_positive_screen_and_a_rated_need(
    rated: str, screens: dict[str, bool | None], dual: bool
):
    assert determine(POLICY, ratings(rated), screens).dual_diagnosis is dual


def test_an_open_or_missing_screen_is_not_told_as_negative():
    criterion = determine(POLICY, ratings("001220"), {"phq-9": None}).criteria[-1]
    assert criterion.name == "dual_diagnosis"
    assert criterion.observed == "phq-9 undetermined, gad-7 not answered; dimension 3 rated 1"


def test_the_illustrative_policy_recommends_the_program_exactly_when_its_own_rule_says_so():
    for rated in product(range(5), repeat=6):
        found = determine(POLICY, {str(n): r for n, r in enumerate(rated, 1)}, {})
        withdrawal, biomedical, emotional, *others = rated
        fits = (
            withdrawal <= 1
            and biomedical <= 1
            and emotional <= 2
            and any(r in (2, 3) for r in others)
            and 4 not in others
        )
        assert (found.level == "2.1") == fits, rated
        assert (found.status == "needs_evaluation") == (4 in rated[:3]), rated
        if found.level is not None and rated[5] == 4:
            assert POLICY.capability(found.level).residential, rated


def test_ratings_must_fit_the_edition():
    assert unfit_ratings(POLICY, ratings("000000")) == {}
    assert set(unfit_ratings(POLICY, {"1": 0, "7": 1})) == {"7", "2", "3", "4", "5", "6"}
    assert set(unfit_ratings(POLICY, ratings("000005"))) == {"6"}


@given(st.lists(st.integers(0, 4), min_size=6, max_size=6), st.integers(0, 5))
def test_a_higher_rating_never_leads_to_a_lower_level(rated: list[int], place: int):
    if rated[place] == 4:
        return
    order = [level.level for level in POLICY.levels]
    before = determine(POLICY, {str(n): r for n, r in enumerate(rated, 1)}, {})
    rated[place] += 1
    after = determine(POLICY, {str(n): r for n, r in enumerate(rated, 1)}, {})
    if before.level is not None and after.level is not None:
        assert order.index(after.level) >= order.index(before.level)
    assert not (before.level is None and after.level is not None)


def capability(hours: int, **more: Any) -> dict[str, Any]:
    return {"hours": hours, "residential": False} | more


LIVING_IN = {"residential": True}
ENHANCED = {"co_occurring_enhanced": True}
LADDER = {
    "1.5": capability(0),
    "2.1": capability(9),
    "2.5 COE": capability(20, **ENHANCED),
    "3.1": capability(9, **LIVING_IN),
    "3.1 COE": capability(20, **LIVING_IN, **ENHANCED),
    "3.5": capability(20, **LIVING_IN),
    "3.7": capability(20, **LIVING_IN, medical="managed", **ENHANCED),
}
"""Levels that a provider with medical and enhanced programs could load."""


LEVELS = [{"level": k, "name": k, "offers": v} for k, v in LADDER.items()]
DIMENSIONS = [
    {"number": str(n), "name": f"dimension {n}", "needs": list(LADDER.values())}
    for n in range(1, 6)
]
DUAL = {"instruments": ["phq-9"], "dimension": "3", "rating_from": 1, "source": "for tests"}


def lettered(**changed: Any) -> LevelOfCarePolicy:
    """A policy of edition 4 whose ratings each ask for one level of `LADDER`."""
    return LevelOfCarePolicy.model_validate(
        {
            "id": "lettered",
            "version": "1",
            "edition": "4",
            "status": "for tests",
            "source": "teaching cases",
            "min_age": 18,
            "levels": LEVELS,
            "program_level": "2.1",
            "dimensions": DIMENSIONS,
            "dual_diagnosis": DUAL,
        }
        | changed
    )


@pytest.mark.parametrize(
    ("asked", "level"),
    [
        ({"4": "2.1"}, "2.1"),
        ({"1": "3.7"}, "3.7"),
        ({"1": "3.7", "4": "3.1", "5": "2.1"}, "3.7"),
        ({"3": "2.5 COE", "4": "3.1", "5": "3.1"}, "3.1 COE"),
        ({"4": "3.1"}, "3.1"),
    ],
)
def test_another_policy_may_ask_for_medical_and_enhanced_care(asked: dict[str, str], level: str):
    rated = {str(n): list(LADDER).index(asked.get(str(n), "1.5")) for n in range(1, 6)}
    assert determine(lettered(), rated, {}).level == level


@pytest.mark.parametrize(
    "change",
    [
        {"program_level": "9.9"},
        {"levels": [{"level": "2.1", "name": "2.1", "offers": capability(9)}]},
        {"dual_diagnosis": DUAL | {"dimension": "7"}},
        {"dual_diagnosis": DUAL | {"instruments": ["phq-9", "phq9"]}},
        {"dimensions": [*DIMENSIONS, DIMENSIONS[0]]},
        {"levels": [*LEVELS, LEVELS[0]]},
    ],
)
def test_a_policy_that_cannot_decide_about_every_rating_is_refused(change: dict[str, Any]):
    assert lettered().edition == "4"
    with pytest.raises(ValidationError):
        lettered(**change)


def test_one_edition_has_one_policy():
    assert set(by_edition([POLICY, lettered()])) == {"3", "4"}
    with pytest.raises(ValueError, match="edition 3"):
        by_edition([POLICY, POLICY])


CAPABILITIES = st.builds(
    Capability,
    hours=st.sampled_from([0, 9, 20]),
    residential=st.booleans(),
    medical=st.sampled_from(["none", "managed", "inpatient"]),
    co_occurring_enhanced=st.booleans(),
    biomedically_enhanced=st.booleans(),
)


@given(CAPABILITIES, CAPABILITIES, CAPABILITIES)
def test_what_covers_two_needs_covers_their_join_and_nothing_less(
    one: Capability, other: Capability, level: Capability
):
    assert level.covers(one.joined(other)) == (level.covers(one) and level.covers(other))


@given(st.lists(st.integers(0, 4), min_size=6, max_size=6))
def test_the_recommended_level_covers_every_need_and_no_lesser_level_does(rated: list[int]):
    found = determine(POLICY, {str(n): r for n, r in enumerate(rated, 1)}, {})
    if found.level is None:
        return
    needs = [
        need
        for one, rating in zip(POLICY.dimensions, rated, strict=True)
        if (need := one.needs[rating]) != "evaluate"
    ]
    order = [one.level for one in POLICY.levels]
    covering = [one.level for one in POLICY.levels if all(map(one.offers.covers, needs))]
    assert found.level == min(covering, key=order.index)
