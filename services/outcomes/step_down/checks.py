"""What makes a policy unusable: a rule that cannot be met, rules that contradict one another, a
measure that nobody knows."""

from collections.abc import Iterator, Mapping
from math import inf

from services.outcomes.step_down.values import Measure, Policy, Rule, Span, Way

Place = tuple[str | int, ...]
INFINITE = 1_000_000
"""More than any figure without a highest value comes to."""
RANGES = {"weeks_observed": (0, 4), "attendance_percent": (0, 100)}
"""The least and the most of a figure, where it is not from 0 on without an end."""
NEEDS = {
    "score": {"instrument", "max_age_days"},
    "score_change": {"instrument", "max_age_days"},
    "short_weeks": {"weeks"},
    "use_reports": {"days"},
}
MAY = {
    "attendance_percent": {"sessions"},
    "score": {"safety_item", "subscale"},
    "score_change": {"subscale"},
    "open_risk_flags": {"severity"},
    "open_goals": {"goals"},
    "met_goals": {"goals"},
}
QUALIFIERS = set().union(*NEEDS.values(), *MAY.values())


def unfit(rule: Rule, measures: Mapping[str, Measure]) -> str | None:
    """Why a rule cannot be decided by, or None."""
    given = {name for name in QUALIFIERS if getattr(rule, name) is not None}
    needs = NEEDS.get(rule.figure, set())
    if missing := sorted(needs - given):
        return f"{rule.name}: {rule.figure} needs {missing[0]}."
    if needless := sorted(given - needs - MAY.get(rule.figure, set())):
        return f"{rule.name}: {rule.figure} has no {needless[0]}."
    if rule.instrument is not None and rule.instrument not in measures:
        return f"{rule.name}: there is no measure {rule.instrument}; known: {', '.join(measures)}."
    if rule.instrument is not None and _span(rule, measures) is None:
        scored = ", ".join(measures[rule.measure].subscales) or "its total only"
        return f"{rule.name}: {rule.instrument} has no {rule.subscale or 'total'}; it has {scored}."
    if rule.safety_item and not measures[rule.measure].safety_item:
        return f"{rule.name}: {rule.instrument} has no safety item, so this is never met."
    if (rule.at_least is None) == (rule.at_most is None):
        return f"{rule.name} needs either at_least or at_most."
    least, most = _range(rule, measures)
    low, high = bounds(rule)
    if low > most or high < least:
        return f"{rule.name} is never met: {rule.figure} is from {least} to {most}."
    if low <= least and high >= most and not rule.safety_item:
        return f"{rule.name} is always met: {rule.figure} is from {least} to {most}."
    if rule.keeps is not None and not _loosens(rule, rule.keeps):
        return f"{rule.name}: keeps is stricter than the bound, so that it would come and go."
    return None


def faults(policy: Policy, measures: Mapping[str, Measure]) -> Iterator[tuple[Place, str]]:
    """Where and why a policy cannot be used."""
    ways = policy.ways()
    if not ways:
        yield (), "Without rules nothing is ever recommended."
    for kind, way in ways.items():
        for n, rule in enumerate(way.rules):
            if fault := unfit(rule, measures):
                yield (kind, "rules", n), fault
        yield from _levels(policy.from_level, kind, way)
        yield from _within(kind, way)
    if policy.step_down is not None and policy.step_up is not None:
        yield from _between(policy.step_down, policy.step_up)


def bounds(rule: Rule) -> tuple[int, int]:
    """The values by which a rule is met, both included."""
    low = -INFINITE if rule.at_least is None else rule.at_least
    return low, INFINITE if rule.at_most is None else rule.at_most


def _range(rule: Rule, measures: Mapping[str, Measure]) -> tuple[int, int]:
    if (of := _span(rule, measures)) is not None:
        span = of.highest - of.lowest
        return (of.lowest, of.highest) if rule.figure == "score" else (-span, span)
    if rule.weeks is not None:
        return 0, rule.weeks
    return RANGES.get(rule.figure, (0, INFINITE))


def _span(rule: Rule, measures: Mapping[str, Measure]) -> Span | None:
    """Of the score that a rule is about; None where the instrument has none such."""
    measure = measures.get(rule.measure)
    if measure is None or rule.subscale is None:
        return None if measure is None else measure.total
    return measure.subscales.get(rule.subscale)


def _loosens(rule: Rule, keeps: int) -> bool:
    low, high = bounds(rule)
    return keeps <= low if rule.at_most is None else keeps >= high


def _levels(from_level: str, kind: str, way: Way) -> Iterator[tuple[Place, str]]:
    place = (kind, "to_level")
    if kind == "extend":
        if way.to_level is not None:
            yield place, "An extension stays at its level: leave to_level out."
    elif way.to_level is None:
        yield (kind,), "A step leads to another level: name it as to_level."
    elif not _leads(kind, _rank(from_level), _rank(way.to_level)):
        yield place, f"From {from_level} to {way.to_level} is no {kind.replace('_', '-')}."


def _leads(kind: str, level: tuple[float, str], to: tuple[float, str]) -> bool:
    return to > level if kind == "step_up" else to < level


def _rank(level: str) -> tuple[float, str]:
    """By the number that a level begins with; `3.7-wm` comes after `3.7`."""
    number, _, rest = level.partition("-")
    try:
        return float(number), rest
    except ValueError:
        return inf, level


def _within(kind: str, way: Way) -> Iterator[tuple[Place, str]]:
    if way.needed_rules > len(way.rules):
        yield (kind, "needed"), f"Of {len(way.rules)} rules {way.needed_rules} are never met."
    for n, rule in enumerate(way.rules):
        for other in way.rules[:n]:
            if other.name == rule.name:
                yield (kind, "rules", n), f"{rule.name} is there twice."
            elif way.needed_rules == len(way.rules) and not _meet(rule, other):
                yield (kind, "rules", n), f"{rule.name} is never met together with {other.name}."


def _between(step_down: Way, step_up: Way) -> Iterator[tuple[Place, str]]:
    """Where all rules of a step-down are needed, what asks for a step-up must exclude it."""
    if step_down.needed_rules < len(step_down.rules) or step_up.needed_rules > 1:
        return
    for n, up in enumerate(step_up.rules):
        for down in step_down.rules:
            if _same(up, down) and _meet(up, down):
                yield (
                    ("step_up", "rules", n),
                    f"{up.name} and {down.name} are met by the same client, who would be both to "
                    "step up and to step down.",
                )


def _meet(one: Rule, other: Rule) -> bool:
    """Whether some value meets both rules; those about different things can always be met."""
    if not _same(one, other):
        return True
    (low, high), (other_low, other_high) = bounds(one), bounds(other)
    return max(low, other_low) <= min(high, other_high)


def _same(one: Rule, other: Rule) -> bool:
    """Whether two rules look at the same figure; how old it may be makes no other of it."""
    names = ("figure", "instrument", "subscale", "severity", "weeks", "days", "goals")
    return all(getattr(one, name) == getattr(other, name) for name in names)
