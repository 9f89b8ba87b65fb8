"""Which level fits: the least one that covers every need; never an average of ratings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from services.intake.level_of_care.policies import Capability, LevelOfCarePolicy
from shared.contracts.base import Criterion


@dataclass(frozen=True, slots=True)
class Determination:
    """The recommended level, or None while an evaluation is needed, and why."""

    status: Literal["determined", "needs_evaluation"]
    level: str | None
    dual_diagnosis: bool
    criteria: tuple[Criterion, ...]


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
        elif not 0 <= ratings[number] < len(dimension.needs):
            wrong[number] = f"Ratings go from 0 to {len(dimension.needs) - 1}."
    return wrong


def determine(
    policy: LevelOfCarePolicy, ratings: Mapping[str, int], screens: Mapping[str, bool | None]
) -> Determination:
    """Hold ratings against a policy.

    Each criterion says whether the provider's own program covers the need of a dimension.
    `screens` are the instruments answered at intake: positive, negative, or None where the answers
    given leave it open.
    """
    program = policy.capability(policy.program_level)
    offered = _in_words(program)
    criteria: list[Criterion] = []
    needs: list[Capability] = []
    evaluate = False
    for dimension in policy.dimensions:
        rating = ratings[dimension.number]
        need = dimension.needs[rating]
        if isinstance(need, str):
            evaluate = True
        else:
            needs.append(need)
        criteria.append(
            Criterion(
                name=f"dimension {dimension.number}: {dimension.name}",
                met=not isinstance(need, str) and program.covers(need),
                observed=f"rating {rating}: {_in_words(need)}",
                required=f"at most what level {policy.program_level} offers: {offered}",
                source=f"{policy.id} {policy.version}",
            )
        )
    dual, criterion = _dual_diagnosis(policy, ratings, screens)
    criteria.append(criterion)
    if evaluate:
        return Determination("needs_evaluation", None, dual, tuple(criteria))
    level = next(
        one.level for one in policy.levels if all(one.offers.covers(need) for need in needs)
    )
    return Determination("determined", level, dual, tuple(criteria))


def _dual_diagnosis(
    policy: LevelOfCarePolicy, ratings: Mapping[str, int], screens: Mapping[str, bool | None]
) -> tuple[bool, Criterion]:
    rule = policy.dual_diagnosis
    rating = ratings[rule.dimension]
    positive = any(screens.get(instrument) for instrument in rule.instruments)
    met = positive and rating >= rule.rating_from
    found = ", ".join(f"{one} {_screen_in_words(one, screens)}" for one in rule.instruments)
    return met, Criterion(
        name="dual_diagnosis",
        met=met,
        observed=f"{found}; dimension {rule.dimension} rated {rating}",
        required=f"a positive screen on {' or '.join(rule.instruments)} and dimension "
        f"{rule.dimension} rated {rule.rating_from} or more",
        source=rule.source,
    )


def _screen_in_words(instrument: str, screens: Mapping[str, bool | None]) -> str:
    """What is known of a screen: an open or missing one is never told as negative."""
    if instrument not in screens:
        return "not answered"
    return {True: "positive", False: "negative", None: "undetermined"}[screens[instrument]]


def _in_words(need: Capability | Literal["evaluate"]) -> str:
    if isinstance(need, str):
        return "a medical or psychiatric evaluation first"
    words = [
        "residential" if need.residential else "living at home",
        f"{need.hours} or more hours a week" if need.hours else "no minimum of hours",
    ]
    if need.medical != "none":
        words.append("medically managed" if need.medical == "managed" else "in a hospital")
    if need.co_occurring_enhanced:
        words.append("enhanced for co-occurring disorders")
    if need.biomedically_enhanced:
        words.append("biomedically enhanced")
    return ", ".join(words)
