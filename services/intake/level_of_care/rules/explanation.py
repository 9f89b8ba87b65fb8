"""Why: every rule that fired, with what it was given."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from services.intake.level_of_care.rules.capability import Capability
from services.intake.level_of_care.rules.needs import counting, covers, joined
from services.intake.level_of_care.rules.policy import (
    ComparableOutcomes,
    Dimension,
    LevelOfCarePolicy,
)
from services.intake.level_of_care.rules.recommendation import (
    Change,
    Recommendation,
    asked,
    deciding,
    recommend,
    to_evaluate,
    would_change,
)
from shared.contracts.base import Criterion


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the policy that fired: what went in, and what came out."""

    rule: Literal["evaluation_first", "when_residential", "least_level", "comparable_outcomes"]
    inputs: dict[str, str]
    outcome: str


@dataclass(frozen=True, slots=True)
class Determination:
    """What ratings come to under a policy, and why."""

    recommendation: Recommendation
    dual_diagnosis: bool
    criteria: tuple[Criterion, ...]
    rules: tuple[Rule, ...]
    deciding: tuple[str, ...]
    would_change: tuple[Change, ...]
    comparable: ComparableOutcomes | None
    """Outcomes comparable to residential treatment, with the condition; None unless it is met."""


def determine(
    policy: LevelOfCarePolicy, ratings: Mapping[str, int], screens: Mapping[str, bool | None]
) -> Determination:
    """Hold ratings that fit the policy against it.

    Each criterion says whether the provider's own program covers the need of a dimension.
    `screens` are the instruments answered at intake: positive, negative, or None where the answers
    given leave it open.
    """
    found = recommend(policy, ratings)
    comparable = comparable_outcomes(policy, ratings, found)
    dual, criterion = _dual_diagnosis(policy, ratings, screens)
    return Determination(
        recommendation=found,
        dual_diagnosis=dual,
        criteria=(*(_held(policy, one, ratings) for one in policy.dimensions), criterion),
        rules=_rules(policy, ratings, found, comparable),
        deciding=deciding(policy, ratings),
        would_change=would_change(policy, ratings),
        comparable=comparable,
    )


def comparable_outcomes(
    policy: LevelOfCarePolicy, ratings: Mapping[str, int], found: Recommendation
) -> ComparableOutcomes | None:
    """The statement together with its condition, or neither.

    Source: SAMHSA Advisory 2021, after TIP 47: comparable for clients with minimal risk only.
    """
    rule = policy.comparable_to_residential
    if rule is None or found.level is None or policy.named(found.level).kind not in rule.for_kinds:
        return None
    minimal = all(ratings[number] <= most for number, most in rule.at_most.items())
    return rule if minimal else None


def _held(policy: LevelOfCarePolicy, one: Dimension, ratings: Mapping[str, int]) -> Criterion:
    rating = ratings[one.number]
    name, source = f"dimension {one.number}: {one.name}", f"{policy.id} {policy.version}"
    if not one.sets_level:
        return Criterion(
            name=name,
            met=True,
            observed=f"rating {rating}: {one.considerations[rating]}",
            required="nothing: it shapes the level that is agreed and sets none",
            source=source,
        )
    need = one.needs[rating]
    program = policy.named(policy.program_level).capability
    return Criterion(
        name=name,
        met=isinstance(need, Capability) and covers(program, need),
        observed=f"rating {rating}: {in_words(need)}",
        required=f"at most what level {policy.program_level} offers: {in_words(program)}",
        source=source,
    )


def _rules(
    policy: LevelOfCarePolicy,
    ratings: Mapping[str, int],
    found: Recommendation,
    comparable: ComparableOutcomes | None,
) -> tuple[Rule, ...]:
    fired: list[Rule] = []
    if pending := to_evaluate(policy, ratings):
        fired.append(
            Rule("evaluation_first", _rated(pending, ratings), "no level before the evaluation")
        )
    needs = asked(policy, ratings)
    offered = policy.named(found.least_level).capability
    count = {n: counting(need, offered, policy.when_residential) for n, need in needs.items()}
    if changed := {n: need for n, need in needs.items() if count[n] != need}:
        fired.append(
            Rule(
                "when_residential",
                {f"dimension {n}": in_words(need) for n, need in changed.items()},
                f"counts as {in_words(joined(count[n] for n in changed))} beside a residence, by "
                f"the policy's {policy.when_residential}",
            )
        )
    together = in_words(joined(count.values()))
    fired.append(
        Rule(
            "least_level",
            {f"dimension {n}": in_words(need) for n, need in count.items()},
            f"{found.least_level} is the least level that offers {together}",
        )
    )
    if comparable is not None:
        fired.append(
            Rule("comparable_outcomes", _rated(comparable.at_most, ratings), "minimal risk")
        )
    return tuple(fired)


def _rated(
    numbers: Mapping[str, int] | tuple[str, ...], ratings: Mapping[str, int]
) -> dict[str, str]:
    return {f"dimension {n}": f"rating {ratings[n]}" for n in numbers}


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


def in_words(need: Capability | Literal["evaluate"]) -> str:
    """A need for people."""
    if isinstance(need, str):
        return "a medical or psychiatric evaluation first"
    words = [
        "residential" if need.residential else "living at home",
        f"{need.hours} or more hours a week" if need.hours else "no minimum of hours",
    ]
    if need.medical != "none":
        words.append("medically managed" if need.medical == "managed" else "in a hospital")
    if need.withdrawal_management:
        words.append("with withdrawal management")
    if need.co_occurring_enhanced:
        words.append("enhanced for co-occurring disorders")
    if need.biomedically_enhanced:
        words.append("biomedically enhanced")
    return ", ".join(words)
