"""Which level fits: the least one that covers every need."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.level_of_care.policies import policies
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
    assert determine(POLICY, ratings(rated), []).level == level


@pytest.mark.parametrize("rated", ["400000", "040000", "004220"])
def test_a_medical_or_psychiatric_emergency_needs_an_evaluation_first(rated: str):
    found = determine(POLICY, ratings(rated), [])
    assert (found.status, found.level) == ("needs_evaluation", None)


def test_the_explanation_names_the_dimension_that_the_program_does_not_cover():
    found = determine(POLICY, ratings("000024"), [])
    unmet = [c for c in found.criteria if not c.met and c.name.startswith("dimension")]
    assert [c.name for c in unmet] == ["dimension 6: recovery environment"]
    assert "residential" in unmet[0].observed


@pytest.mark.parametrize(
    ("rated", "positive", "dual"),
    [
        ("001220", ["phq-9"], True),
        ("001220", ["gad-7", "audit-c"], True),
        ("000220", ["phq-9"], False),
        ("002220", ["audit-c"], False),
    ],
)
def test_dual_diagnosis_needs_a_positive_screen_and_a_rated_need(
    rated: str, positive: list[str], dual: bool
):
    assert determine(POLICY, ratings(rated), positive).dual_diagnosis is dual


def test_ratings_must_fit_the_edition():
    assert unfit_ratings(POLICY, ratings("000000")) == {}
    assert set(unfit_ratings(POLICY, {"1": 0, "7": 1})) == {"7", "2", "3", "4", "5", "6"}
    assert set(unfit_ratings(POLICY, ratings("000005"))) == {"6"}


@given(st.lists(st.integers(0, 4), min_size=6, max_size=6), st.integers(0, 5))
def test_a_higher_rating_never_leads_to_a_lower_level(rated: list[int], place: int):
    if rated[place] == 4:
        return
    order = [level.level for level in POLICY.levels]
    before = determine(POLICY, {str(n): r for n, r in enumerate(rated, 1)}, [])
    rated[place] += 1
    after = determine(POLICY, {str(n): r for n, r in enumerate(rated, 1)}, [])
    if before.level is not None and after.level is not None:
        assert order.index(after.level) >= order.index(before.level)
    assert not (before.level is None and after.level is not None)
