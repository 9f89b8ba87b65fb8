"""Which level fits: the least one that covers every need; never an average of ratings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from services.intake.level_of_care.rules.capability import Capability
from services.intake.level_of_care.rules.needs import fits
from services.intake.level_of_care.rules.policy import Level, LevelOfCarePolicy

Status = Literal["determined", "needs_evaluation"]


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What ratings come to. `level` is None while an evaluation is needed."""

    status: Status
    level: str | None
    least_level: str
    """What the dimensions that need no evaluation ask for; else the recommended level."""


@dataclass(frozen=True, slots=True)
class Change:
    """A single other rating with which the outcome would be another one."""

    dimension: str
    rating: int
    status: Status
    level: str | None


def unfit_ratings(policy: LevelOfCarePolicy, ratings: Mapping[str, int]) -> dict[str, str]:
    """What is wrong with ratings, by dimension; empty when they can be held against the policy."""
    known = {dimension.number: dimension for dimension in policy.dimensions}
    wrong = {
        number: f"Edition {policy.edition} has the dimensions {', '.join(known)}."
        for number in ratings
        if number not in known
    }
    for number, dimension in known.items():
        if number not in ratings:
            wrong[number] = "This dimension is not rated."
        elif not 0 <= ratings[number] < dimension.ratings:
            wrong[number] = f"Ratings go from 0 to {dimension.ratings - 1}."
    return wrong


def asked(policy: LevelOfCarePolicy, ratings: Mapping[str, int]) -> dict[str, Capability]:
    """What each dimension asks for that sets the level and needs no evaluation."""
    found = {}
    for one in policy.dimensions:
        if one.sets_level:
            need = one.needs[ratings[one.number]]
            if isinstance(need, Capability):
                found[one.number] = need
    return found


def to_evaluate(policy: LevelOfCarePolicy, ratings: Mapping[str, int]) -> tuple[str, ...]:
    """The dimensions whose rating calls for an evaluation before a level is told."""
    return tuple(
        one.number
        for one in policy.dimensions
        if one.sets_level and one.needs[ratings[one.number]] == "evaluate"
    )


def recommend(policy: LevelOfCarePolicy, ratings: Mapping[str, int]) -> Recommendation:
    """The level that ratings which fit the policy come to."""
    needs = asked(policy, ratings)
    least = next(one.level for one in policy.levels if not _lacking(policy, needs, one))
    if to_evaluate(policy, ratings):
        return Recommendation("needs_evaluation", None, least)
    return Recommendation("determined", least, least)


def _lacking(
    policy: LevelOfCarePolicy, needs: Mapping[str, Capability], level: Level
) -> frozenset[str]:
    """The dimensions whose need is more than the level offers."""
    return frozenset(
        number
        for number, need in needs.items()
        if not fits(level.capability, need, policy.when_residential)
    )


def deciding(policy: LevelOfCarePolicy, ratings: Mapping[str, int]) -> tuple[str, ...]:
    """The dimensions that keep the level from being a lower one.

    A dimension stands in the way of a lower level that does not cover its need. Those decide that
    stand in the way where the fewest do: without one of them a lower level would be nearer. While
    an evaluation is needed, those decide that call for it.
    """
    if pending := to_evaluate(policy, ratings):
        return pending
    needs = asked(policy, ratings)
    in_the_way: list[frozenset[str]] = []
    for level in policy.levels:
        lacking = _lacking(policy, needs, level)
        if not lacking:
            break
        in_the_way.append(lacking)
    fewest = [one for one in in_the_way if not any(other < one for other in in_the_way)]
    return tuple(number for number in needs if any(number in one for one in fewest))


def would_change(policy: LevelOfCarePolicy, ratings: Mapping[str, int]) -> tuple[Change, ...]:
    """For each dimension the nearest lower and the nearest higher rating that changes the outcome.

    Nothing between the two does. A dimension that changes it in neither direction is left out.
    """
    now = recommend(policy, ratings)
    changes: list[Change] = []
    for one in policy.dimensions:
        rated = ratings[one.number]
        lower = range(rated - 1, -1, -1)
        higher = range(rated + 1, one.ratings)
        for others in (lower, higher):
            for other in others:
                then = recommend(policy, {**ratings, one.number: other})
                if then.level != now.level:
                    changes.append(Change(one.number, other, then.status, then.level))
                    break
    return tuple(changes)
