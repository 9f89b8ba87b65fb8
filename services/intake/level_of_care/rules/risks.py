"""Which ratings show a risk that has to be seen at once. Pure."""

from collections.abc import Mapping

from services.intake.level_of_care.rules.policy import LevelOfCarePolicy
from services.intake.risk.rules import Finding

FOUND_IN = "level-of-care"


def findings(policy: LevelOfCarePolicy, ratings: Mapping[str, int]) -> list[Finding]:
    """The risks that `ratings` (dimension → rating) show by the policy."""
    shown = (
        (one.risk.kind, one.risk.severities[ratings[one.number]])
        for one in policy.dimensions
        if one.risk is not None and one.number in ratings
    )
    return [Finding(kind, severity, FOUND_IN) for kind, severity in shown if severity is not None]
