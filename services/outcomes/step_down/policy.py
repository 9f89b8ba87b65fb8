"""Step-down policies: data with an id, a version and a source for every criterion."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from shared.datafiles import Part, data_folder


class EngagementCriterion(Part):
    """A bound on a figure of the rolling window."""

    name: str
    figure: Literal["weeks_observed", "attendance_percent", "consecutive_missed"]
    at_least: int | None = None
    at_most: int | None = None
    source: str

    @model_validator(mode="after")
    def has_one_bound(self) -> Self:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError(f"{self.name} needs either at_least or at_most.")
        return self


class ScoreCriterion(Part):
    """A bound on the latest score of an instrument, and how old the score may be."""

    name: str
    instrument: str
    below: int
    safety_item: Literal["negative"] | None
    max_age_days: int = Field(ge=0)
    """In days of the calendar at the site: of the day before is 1."""
    source: str


class StepDownPolicy(Part):
    """One version of a policy: every criterion has to be met."""

    id: str
    version: str
    status: str
    from_level: str
    to_level: str
    pause_after_decline_days: int = Field(ge=0)
    """In days of the calendar at the site: 7 after a Monday is the Monday after."""
    engagement: tuple[EngagementCriterion, ...]
    scores: tuple[ScoreCriterion, ...]

    @model_validator(mode="after")
    def decides_about_something(self) -> Self:
        if not self.engagement and not self.scores:
            raise ValueError("Without a criterion everybody would be recommended to step down.")
        if self.from_level == self.to_level:
            raise ValueError("A step-down leads to another level.")
        return self


def by_level(found: Mapping[str, StepDownPolicy]) -> dict[str, StepDownPolicy]:
    """The policy in force for each level that clients step down from.

    Raises:
        ValueError: two policies are for one level, so that it is open which one decides.
    """
    known: dict[str, StepDownPolicy] = {}
    for policy in found.values():
        if policy.from_level in known:
            raise ValueError(f"Two step-down policies are for level {policy.from_level}.")
        known[policy.from_level] = policy
    return known


policies = data_folder(StepDownPolicy, __name__, "policies", by_level, by_site=True)
"""The policy in force for each level that clients step down from, everywhere or at a site."""
