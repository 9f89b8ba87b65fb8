"""Step-down policies: data with an id, a version and a source for every criterion."""

from functools import cache
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A part of a policy."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EngagementCriterion(Part):
    """A bound on a figure of the rolling window."""

    name: str
    figure: Literal["weeks_observed", "attendance_percent", "consecutive_missed"]
    at_least: int | None = None
    at_most: int | None = None
    source: str


class ScoreCriterion(Part):
    """A bound on the latest score of an instrument, and how old the score may be."""

    name: str
    instrument: str
    below: int
    safety_item: Literal["negative"] | None
    max_age_days: int
    source: str


class StepDownPolicy(Part):
    """One version of a policy: every criterion has to be met."""

    id: str
    version: str
    status: str
    from_level: str
    to_level: str
    pause_after_decline_days: int
    engagement: tuple[EngagementCriterion, ...]
    scores: tuple[ScoreCriterion, ...]


@cache
def policies() -> dict[str, StepDownPolicy]:
    """The policy in force for each level that clients step down from."""
    found = [
        StepDownPolicy.model_validate_json(file.read_text(encoding="utf-8"))
        for file in sorted(resources.files(__package__).iterdir(), key=lambda file: file.name)
        if file.name.endswith(".json")
    ]
    return {policy.from_level: policy for policy in found}
