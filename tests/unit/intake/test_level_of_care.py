"""Which level fits: the least one that covers every need."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.level_of_care.policy import policies
from services.intake.level_of_care.rules.capability import MEDICAL, Capability
from services.intake.level_of_care.rules.explanation import determine
from services.intake.level_of_care.rules.needs import counting, covers, fits, joined
from services.intake.level_of_care.rules.policy import LevelOfCarePolicy
from services.intake.level_of_care.rules.recommendation import (
    asked,
    deciding,
    recommend,
    to_evaluate,
    unfit_ratings,
    would_change,
)
from tests.unit.intake.levels import FOURTH, POLICY, RATED, SHIPPED, ratings

SWITCHES = st.sampled_from(["join_all", "join_enhanced", "residential_settles"])


@pytest.mark.parametrize(
    ("rated", "level"),
    [
        ("000000", "0.5"),
        ("100000", "1"),
        ("001000", "1"),
        ("000200", "2.1"),
        ("112231", "2.1"),
        ("000003", "2.1"),
        ("200020", "2.5"),
        ("003000", "2.5"),
        ("000024", "3.1"),
        ("000420", "3.5"),
        ("200004", "3.5"),
        ("030000", "3.7"),
        ("300000", "3.7-wm"),
        ("330000", "3.7-wm"),
    ],
)
def test_the_highest_need_decides_in_the_third_edition(rated: str, level: str):
    found = recommend(POLICY, ratings(rated))
    assert (found.status, found.level, found.least_level) == ("determined", level, level)


@pytest.mark.parametrize(
    ("rated", "level"),
    [
        ("000000", "1.0"),
        ("111110", "1.5"),
        ("200000", "1.7"),
        ("020000", "1.7"),
        ("001200", "2.1"),  # dimension 4 asks for 2.1, 3 for anything
        ("200200", "2.7"),
        ("002000", "2.5-coe"),
        ("000030", "3.1"),
        ("000300", "3.1"),
        ("300000", "3.7"),  # dimension 1 asks for 3.7
        ("300320", "3.7"),
        ("003000", "3.5-coe"),
        ("303000", "3.7-coe"),
        ("030000", "3.7-bio"),
        ("040000", "4"),
        ("002330", "3.1-coe"),  # 3 asks for 2.5-coe, 4 and 5 for 3.1
        ("000040", "3.5"),
    ],
)
def test_the_highest_need_decides_in_the_fourth_edition(rated: str, level: str):
    found = recommend(FOURTH, ratings(rated))
    assert (found.status, found.level) == ("determined", level)


@pytest.mark.parametrize(
    ("when", "level"),
    [
        ("join_all", "3.5-coe"),
        ("join_enhanced", "3.1-coe"),
        ("residential_settles", "3.1"),
    ],
)
def test_a_switch_says_what_enhanced_care_adds_beside_a_residence(when: str, level: str):
    """The teaching source says 3.1; the join of all needs says more. A clinician decides."""
    policy = FOURTH.model_copy(update={"when_residential": when})
    assert recommend(policy, ratings("002330")).level == level


def test_an_evaluation_of_one_dimension_does_not_hide_what_the_others_need():
    found = recommend(FOURTH, ratings("403000"))
    assert (found.status, found.level) == ("needs_evaluation", None)
    assert found.least_level == "3.5-coe"


def test_the_sixth_dimension_of_the_fourth_edition_shapes_the_level_and_sets_none():
    for rating in range(5):
        found = determine(FOURTH, ratings(f"00020{rating}"), {})
        assert found.recommendation.level == "2.1"
        assert "6" not in {one.dimension for one in found.would_change}
        shaped = found.criteria[5]
        assert shaped.met
        assert shaped.required == "nothing: it shapes the level that is agreed and sets none"
        assert FOURTH.dimensions[5].considerations[rating] in shaped.observed


@pytest.mark.parametrize("rated", ["400000", "040000", "004220"])
def test_a_medical_or_psychiatric_emergency_needs_an_evaluation_first(rated: str):
    found = determine(POLICY, ratings(rated), {})
    assert (found.recommendation.status, found.recommendation.level) == ("needs_evaluation", None)
    (place,) = (n for n, digit in enumerate(rated) if digit == "4")
    assert found.deciding == (str(place + 1),)
    assert not found.criteria[place].met
    assert found.rules[0].rule == "evaluation_first"
    assert found.rules[0].inputs == {f"dimension {place + 1}": "rating 4"}


def test_the_illustrative_policy_recommends_the_program_exactly_when_its_own_rule_says_so():
    for rated in product(range(5), repeat=6):
        withdrawal, biomedical, emotional, *others = rated
        found = recommend(POLICY, {str(n): r for n, r in enumerate(rated, 1)})
        fits = (
            withdrawal <= 1
            and biomedical <= 1
            and emotional <= 2
            and any(r in (2, 3) for r in others)
            and 4 not in others
        )
        assert (found.level == "2.1") == fits, rated
        assert (found.status == "needs_evaluation") == (4 in rated[:3]), rated
        if rated[5] == 4:
            least = POLICY.levels[POLICY.place_of(found.least_level) or 0]
            assert least.offers.residential, rated


def test_ratings_must_fit_the_edition():
    assert unfit_ratings(POLICY, ratings("000000")) == {}
    assert unfit_ratings(POLICY, ratings("444444")) == {}
    assert unfit_ratings(FOURTH, ratings("444444")) == {}
    assert unfit_ratings(POLICY, {"1": 0, "7": 1}) == {
        "7": "Edition 3 has the dimensions 1, 2, 3, 4, 5, 6."
    } | dict.fromkeys("23456", "This dimension is not rated.")
    assert unfit_ratings(POLICY, ratings("000005")) == {"6": "Ratings go from 0 to 4."}
    assert set(unfit_ratings(FOURTH, ratings("00000") | {"6": -1})) == {"6"}


@given(SHIPPED, RATED, st.integers(0, 5))
def test_a_higher_rating_never_leads_to_a_lower_level(
    policy: LevelOfCarePolicy, rated: dict[str, int], place: int
):
    number = str(place + 1)
    higher = rated | {number: min(4, rated[number] + 1)}
    before, after = recommend(policy, rated), recommend(policy, higher)
    if before.status == "needs_evaluation":
        assert after.status == "needs_evaluation" or policy is FOURTH
    if before.level is not None and after.level is not None:
        assert (policy.place_of(after.level) or 0) >= (policy.place_of(before.level) or 0)


@given(SHIPPED, SWITCHES, RATED)
def test_no_switch_makes_a_higher_rating_lead_to_a_lower_level(
    policy: LevelOfCarePolicy, when: str, rated: dict[str, int]
):
    policy = policy.model_copy(update={"when_residential": when})
    before = policy.place_of(recommend(policy, rated).least_level) or 0
    for number, rating in rated.items():
        after = recommend(policy, rated | {number: min(4, rating + 1)})
        if number not in to_evaluate(policy, rated | {number: min(4, rating + 1)}):
            assert (policy.place_of(after.least_level) or 0) >= before


@given(SHIPPED, RATED)
def test_what_would_change_the_outcome_does_and_nothing_nearer(
    policy: LevelOfCarePolicy, rated: dict[str, int]
):
    now = recommend(policy, rated)
    told = would_change(policy, rated)
    assert len({(one.dimension, one.rating > rated[one.dimension]) for one in told}) == len(told)
    for one in told:
        then = recommend(policy, rated | {one.dimension: one.rating})
        assert (then.status, then.level) == (one.status, one.level)
        assert then.level != now.level
    for number, rating in rated.items():
        for step in (-1, 1):
            nearest = next(
                (
                    other
                    for distance in range(1, 5)
                    if 0 <= (other := rating + step * distance) <= 4
                    and recommend(policy, rated | {number: other}).level != now.level
                ),
                None,
            )
            listed = [
                one.rating
                for one in told
                if one.dimension == number and (one.rating - rating) * step > 0
            ]
            assert listed == ([] if nearest is None else [nearest])


def test_what_would_change_the_outcome_is_told_by_dimension():
    told = [
        (one.dimension, one.rating, one.level) for one in would_change(POLICY, ratings("000200"))
    ]
    assert told == [
        ("1", 2, "2.5"),
        ("2", 2, "2.5"),
        ("3", 3, "2.5"),
        ("4", 1, "1"),
        ("4", 4, "3.5"),
        ("5", 4, "3.5"),
        ("6", 4, "3.1"),
    ]
    pending = {
        (one.dimension, one.rating, one.status) for one in would_change(POLICY, ratings("400000"))
    }
    assert pending == {("1", 3, "determined")}


@pytest.mark.parametrize(
    ("policy", "rated", "numbers"),
    [
        (POLICY, "000000", ()),
        (POLICY, "000220", ("4", "5")),
        (POLICY, "200220", ("1",)),
        (POLICY, "200004", ("1", "6")),
        (POLICY, "100000", ("1",)),
        (POLICY, "404220", ("1", "3")),
        (FOURTH, "002330", ("3", "4", "5")),
        (FOURTH, "300330", ("1",)),
    ],
)
def test_those_dimensions_decide_without_which_the_level_would_be_lower(
    policy: LevelOfCarePolicy, rated: str, numbers: tuple[str, ...]
):
    assert deciding(policy, ratings(rated)) == numbers


CAPABILITIES = st.builds(
    Capability,
    hours=st.sampled_from([0, 1, 9, 20]),
    residential=st.booleans(),
    medical=st.sampled_from(MEDICAL),
    withdrawal_management=st.booleans(),
    co_occurring_enhanced=st.booleans(),
    biomedically_enhanced=st.booleans(),
)


@given(CAPABILITIES, CAPABILITIES, CAPABILITIES)
def test_what_covers_two_needs_covers_their_join_and_nothing_less(
    one: Capability, other: Capability, level: Capability
):
    assert covers(level, joined([one, other])) == (covers(level, one) and covers(level, other))
    assert covers(joined([one, other]), one)
    assert joined([]) == Capability()


@pytest.mark.parametrize(
    "need",
    [
        {"hours": 1},
        {"residential": True},
        {"medical": "managed"},
        {"medical": "inpatient"},
        {"withdrawal_management": True},
        {"co_occurring_enhanced": True},
        {"biomedically_enhanced": True},
    ],
)
def test_each_component_counts(need: dict[str, Any]):
    asks, nothing = Capability(**need), Capability()
    assert covers(asks, asks)
    assert covers(asks, nothing)
    assert not covers(nothing, asks)
    assert joined([nothing, asks]) == joined([asks, nothing]) == asks


@given(CAPABILITIES, CAPABILITIES, SWITCHES)
def test_a_residence_settles_hours_and_enhanced_care_only_by_the_switch(
    need: Capability, offered: Capability, when: Any
):
    counted = counting(need, offered, when)
    assert fits(offered, need, when) == covers(offered, counted)
    if when == "join_all" or need.residential or not offered.residential:
        assert counted == need
        return
    enhanced = need.co_occurring_enhanced and when == "join_enhanced"
    assert counted.model_dump() == need.model_dump() | {
        "hours": 0,
        "co_occurring_enhanced": enhanced,
    }


@given(SHIPPED, RATED)
def test_the_recommended_level_covers_every_need_and_no_lesser_level_does(
    policy: LevelOfCarePolicy, rated: dict[str, int]
):
    needs = asked(policy, rated).values()
    covering = [
        one.level
        for one in policy.levels
        if all(fits(one.capability, need, policy.when_residential) for need in needs)
    ]
    assert recommend(policy, rated).least_level == covering[0]


def test_both_editions_have_a_policy():
    assert set(policies()) == {"3", "4"}
    kinds = {one.kind for policy in policies().values() for one in policy.levels}
    assert len(kinds) == 7
