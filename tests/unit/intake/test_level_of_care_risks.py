"""Ratings that show a risk are seen at once, by the policy and by nothing else."""

import pytest

from services.intake.level_of_care.rules.policy import LevelOfCarePolicy, Risk
from services.intake.level_of_care.rules.risks import findings
from services.intake.risk.rules import Finding
from tests.unit.intake.levels import FOURTH, POLICY


@pytest.mark.parametrize("policy", [POLICY, FOURTH], ids=["third", "fourth"])
@pytest.mark.parametrize(
    ("rating", "severity"), [(0, None), (1, None), (2, None), (3, "moderate"), (4, "high")]
)
def test_a_high_rating_of_withdrawal_is_a_risk_of_withdrawal(
    policy: LevelOfCarePolicy, rating: int, severity: str | None
):
    ratings = {one.number: 0 for one in policy.dimensions} | {"1": rating}
    found = findings(policy, ratings)
    assert [(one.kind, one.severity, one.found_in) for one in found] == (
        [] if severity is None else [("withdrawal_risk", severity, "level-of-care")]
    )


def test_no_other_rating_is_a_risk_unless_the_policy_says_so():
    worst = {one.number: 4 for one in POLICY.dimensions} | {"1": 0}
    assert findings(POLICY, worst) == []
    third = next(one for one in POLICY.dimensions if one.number == "3")
    risk = Risk(kind="harm_to_others", severities=(None, None, None, None, "high"))
    changed = [
        one.model_copy(update={"risk": risk}) if one is third else one for one in POLICY.dimensions
    ]
    policy = POLICY.model_copy(update={"dimensions": changed})
    assert findings(policy, worst) == [Finding("harm_to_others", "high", "level-of-care")]


def test_a_dimension_that_was_not_rated_shows_nothing():
    assert findings(POLICY, {}) == []
