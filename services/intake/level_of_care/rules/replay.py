"""What another policy would have recommended in a past case."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from services.intake.level_of_care.rules.policy import LevelOfCarePolicy
from services.intake.level_of_care.rules.recommendation import deciding, recommend, unfit_ratings


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a case. Levels are None where an evaluation is needed."""

    outcome: Literal["moves", "stays", "undecidable"]
    level_now: str | None = None
    deciding: tuple[str, ...] = ()


def replay(
    policy: LevelOfCarePolicy, edition: str, ratings: Mapping[str, int], level_then: str | None
) -> Replayed:
    """Hold the ratings of a past case against `policy`.

    A case of another edition, or with dimensions or ratings that the policy does not know, cannot
    be decided: the same number means another thing there.
    """
    if edition != policy.edition or unfit_ratings(policy, ratings):
        return Replayed("undecidable")
    level_now = recommend(policy, ratings).level
    if level_now == level_then:
        return Replayed("stays", level_now)
    return Replayed("moves", level_now, deciding(policy, ratings))
