"""Whether rules are met, in words, and whether an open recommendation still stands by them."""

from collections.abc import Collection, Sequence
from fractions import Fraction

from services.outcomes.step_down.checks import bounds
from services.outcomes.step_down.rules.figures import Facts, Looked, look
from services.outcomes.step_down.values import Policy, Rule, Way
from shared.contracts.base import Criterion
from shared.contracts.outcomes import Verdict

UNITS = {"attendance_percent": " %"}


def evaluate(way: Way | None, facts: Facts) -> list[Verdict]:
    """Each rule with what was found, in the order of the policy."""
    return [] if way is None else [_verdict(rule, look(rule, facts), facts) for rule in way.rules]


def is_met(way: Way, verdicts: Sequence[Criterion]) -> bool:
    """Whether as many rules are met as are needed."""
    return sum(verdict.met for verdict in verdicts) >= way.needed_rules


def missing(policy: Policy, facts: Facts) -> list[str]:
    """The rules that are not met for a step-down."""
    return [one.name for one in evaluate(policy.step_down, facts) if not one.met]


def stands(way: Way, made_of: Collection[str], facts: Facts) -> bool:
    """Whether enough of the rules that made a recommendation still hold, within what each keeps.

    What is not known any more, such as a score that grew old, takes nothing back.
    """
    kept = [rule for rule in way.rules if rule.name in made_of and _kept(rule, facts)]
    return len(kept) >= way.needed_rules


def _kept(rule: Rule, facts: Facts) -> bool:
    if _is_unsafe(rule, facts):
        return False
    value = look(rule, facts).value
    return value is None or _within(rule, value, rule.keeps)


def _verdict(rule: Rule, found: Looked, facts: Facts) -> Verdict:
    met = (
        found.value is not None
        and _within(rule, found.value, None)
        and _is_recent(rule, facts)
        and _is_safe(rule, facts)
    )
    lower, upper = found.limits or (None, None)
    return Verdict(
        name=rule.name,
        met=met,
        observed=found.observed,
        required=_required(rule),
        source=rule.source,
        figure=rule.figure,
        value=None if found.value is None else round(float(found.value), 1),
        lower=lower and round(lower, 1),
        upper=upper and round(upper, 1),
        inputs=dict(found.inputs),
        as_of=found.as_of,
    )


def _within(rule: Rule, value: Fraction | int, keeps: int | None) -> bool:
    low, high = bounds(rule)
    if keeps is None:
        return low <= value <= high
    return value >= keeps if rule.at_most is None else value <= keeps


def _is_recent(rule: Rule, facts: Facts) -> bool:
    if rule.max_age_days is None:
        return True
    score = facts.scores.get(rule.instrument or "")
    return score is not None and (facts.today - score.answered_on).days <= rule.max_age_days


def _is_safe(rule: Rule, facts: Facts) -> bool:
    score = facts.scores.get(rule.instrument or "")
    return rule.safety_item is None or (score is not None and score.safety_item == rule.safety_item)


def _is_unsafe(rule: Rule, facts: Facts) -> bool:
    score = facts.scores.get(rule.instrument or "")
    return rule.safety_item is not None and score is not None and score.safety_item == "positive"


def _required(rule: Rule) -> str:
    bound = f"at least {rule.at_least}" if rule.at_most is None else f"at most {rule.at_most}"
    parts = [bound + UNITS.get(rule.figure, "")]
    if rule.safety_item:
        parts.append(f"safety item {rule.safety_item}")
    if rule.max_age_days is not None:
        parts.append(f"at most {rule.max_age_days} days old")
    return ", ".join(parts)
