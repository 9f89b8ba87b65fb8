"""Which ratings show a risk that has to be seen at once. Pure."""

from collections.abc import Mapping

from services.intake.level_of_care.rules.policy import LevelOfCarePolicy
from services.intake.risk.rules import Finding

FOUND_IN = "level-of-care"


def findings(policy: LevelOfCarePolicy, ratings: Mapping[str, int]) -> list[Finding]:
    """The risks that `ratings` (dimension → rating) show by the policy."""
    return [
        Finding(one.risk.kind, one.risk.severities[ratings[one.number]], FOUND_IN)
        for one in policy.dimensions
        if one.risk is not None and ratings.get(one.number) in one.risk.severities
    ]
