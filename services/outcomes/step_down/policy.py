"""Recommendation policies: data with an id, a version and a source for every rule."""

from collections.abc import Mapping
from typing import Self

from pydantic import model_validator

from services.outcomes.step_down.checks import faults
from services.outcomes.step_down.values import Measures, Policy
from shared.datafiles import Misplaced, data_file, data_folder

measures = data_file(Measures, __name__, "measures")
"""The measures in force."""


class RecommendationPolicy(Policy):
    """One version of a policy that can decide about everybody; every other is refused."""

    @model_validator(mode="after")
    def can_decide(self) -> Self:
        for place, reason in faults(self, measures().measures):
            raise Misplaced(place, reason)
        return self


def by_level(found: Mapping[str, RecommendationPolicy]) -> dict[str, RecommendationPolicy]:
    """The policy in force for each level.

    Raises:
        ValueError: two policies are for one level, so that it is open which one decides.
    """
    known: dict[str, RecommendationPolicy] = {}
    for policy in found.values():
        if policy.from_level in known:
            raise ValueError(f"Two recommendation policies are for level {policy.from_level}.")
        known[policy.from_level] = policy
    return known


policies = data_folder(RecommendationPolicy, __name__, "policies", by_level, by_site=True)
"""The policy in force for each level, everywhere or at a site."""
