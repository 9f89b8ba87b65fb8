"""What makes a definition one that cannot score: rules that point nowhere, or never apply.

Each flaw says where in the data it is, so that a file's line can be named.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from services.intake.screening.policy.definition import Definition
from services.intake.screening.policy.parts import Condition, Counted, Item

At = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Flaw:
    """A place in the data and what is wrong there."""

    at: At
    reason: str


def flaws(one: Definition) -> list[Flaw]:
    """All flaws of a definition; rules are looked at when every item that they name exists."""
    found = [*_of_items(one), *_of_names(one)]
    if found:
        return found
    return [
        *_of_conditions(one),
        *_of_skips(one),
        *_of_total(one),
        *_of_bands(one),
        *_of_cuts(one),
        *_of_subscales(one),
        *_of_syndrome(one),
        *_of_levels(one),
        *_of_alerts(one),
    ]


def _of_items(one: Definition) -> Iterator[Flaw]:
    for name in ("number", "key"):
        for n in _repeated([getattr(item, name) for item in one.items]):
            yield Flaw(("items", n, name), "is there twice")
    for n, item in enumerate(one.items):
        if any(low >= high for low, high in pairwise(item.values)):
            yield Flaw(("items", n, "values"), "must ascend")
        if item.labels and set(item.labels) != set(item.values):
            yield Flaw(("items", n, "labels"), "must name each of the values, and no other")
        if (item.text is not None) != (one.wording == "included"):
            yield Flaw(("items", n), f"has {'a' if item.text else 'no'} text: see wording")
    if bool(one.languages) != (one.wording == "included"):
        yield Flaw(("languages",), "are those of the wording that is included")
    if one.total is None and not one.subscales and one.levels is None:
        yield Flaw((), "needs a total, subscales or levels")


def _of_names(one: Definition) -> Iterator[Flaw]:
    known = {item.number for item in one.items}
    for at, number in _names(one):
        if number not in known:
            yield Flaw(at, f"there is no item {number}")
    for at, numbers in _lists(one):
        for n in _repeated(numbers):
            yield Flaw((*at, n), f"item {numbers[n]} is there twice")


def _names(one: Definition) -> Iterator[tuple[At, str]]:
    """Every item that is named anywhere, and where."""
    for at, condition in _conditions(one):
        yield (*at, "item"), condition.item
    for at, numbers in _lists(one):
        for n, number in enumerate(numbers):
            yield (*at, n), number
    for n, rule in enumerate(one.consistency):
        yield ("consistency", n, "item"), rule.item
        yield ("consistency", n, "at_most"), rule.at_most
    if one.safety_item is not None:
        yield ("safety_item",), one.safety_item
    if one.syndrome is not None:
        for n, exception in enumerate(one.syndrome.exceptions):
            yield ("syndrome", "exceptions", n, "item"), exception.item


def _lists(one: Definition) -> Iterator[tuple[At, tuple[str, ...]]]:
    for n, skip in enumerate(one.skips):
        yield ("skips", n, "not_asked"), skip.not_asked
    if one.total is not None:
        yield ("total", "items"), one.total.items
        yield ("total", "requires"), one.total.requires
        for n, bound in enumerate(one.total.missing_within):
            yield ("total", "missing_within", n, "items"), bound.items
    for n, subscale in enumerate(one.subscales):
        yield ("subscales", n, "items"), subscale.items
    if one.syndrome is not None:
        for n, outcome in enumerate(one.syndrome.outcomes):
            for m, counted in enumerate(outcome.at_least):
                yield ("syndrome", "outcomes", n, "at_least", m, "items"), counted.items


def _conditions(one: Definition) -> Iterator[tuple[At, Condition]]:
    for n, skip in enumerate(one.skips):
        for m, condition in enumerate(skip.when):
            yield ("skips", n, "when", m), condition
    for n, level in enumerate(one.levels.order if one.levels else ()):
        for m, condition in enumerate(level.any_of):
            yield ("levels", "order", n, "any_of", m), condition
    for n, alert in enumerate(one.alerts):
        if alert.when is not None:
            yield ("alerts", n, "when"), alert.when
    for n, note in enumerate(one.notes):
        for m, condition in enumerate(note.all_of):
            yield ("notes", n, "all_of", m), condition


def _of_conditions(one: Definition) -> Iterator[Flaw]:
    for at, condition in _conditions(one):
        values = _item(one, condition.item).values
        if {condition.from_, condition.up_to, condition.is_} == {None}:
            yield Flaw(at, "says no answer: give from, up_to or is")
        elif not set(condition.is_ or ()) <= set(values):
            yield Flaw((*at, "is"), f"item {condition.item} has no such answer")
        elif sum(map(condition.takes, values)) in (0, len(values)):
            yield Flaw(at, "holds for no answer, or for every one")


def _of_skips(one: Definition) -> Iterator[Flaw]:
    for n, skip in enumerate(one.skips):
        last = max(one.place(condition.item) for condition in skip.when)
        for m, number in enumerate(skip.not_asked):
            if one.place(number) <= last:
                yield Flaw(("skips", n, "not_asked", m), f"item {number} is asked before")
    for n, rule in enumerate(one.consistency):
        if rule.item == rule.at_most:
            yield Flaw(("consistency", n, "at_most"), "is the item itself")


def _of_total(one: Definition) -> Iterator[Flaw]:
    if one.total is None:
        for name in ("bands", "positive_from", "scale"):
            if getattr(one, name):
                yield Flaw((name,), "needs a total")
        return
    if one.total.missing_allowed >= len(one.total.items):
        yield Flaw(("total", "missing_allowed"), "leaves nothing to prorate from")
    for n, number in enumerate(one.total.requires):
        if number in one.total.items:
            yield Flaw(("total", "requires", n), f"item {number} is in the sum")
    for n, bound in enumerate(one.total.missing_within):
        if not set(bound.items) <= set(one.total.items):
            yield Flaw(("total", "missing_within", n, "items"), "are not all in the sum")
        if bound.missing_allowed >= min(one.total.missing_allowed, len(bound.items)):
            yield Flaw(("total", "missing_within", n, "missing_allowed"), "bounds nothing")


def _of_bands(one: Definition) -> Iterator[Flaw]:
    if one.total is None or not one.bands:
        return
    lowest, highest = _range(one, one.total.items)
    starts = [band.from_ for band in one.bands]
    if starts[0] != lowest:
        yield Flaw(("bands", 0, "from"), f"must be {lowest}, the lowest total")
    for n, (before, start) in enumerate(pairwise(starts), 1):
        if start <= before:
            yield Flaw(("bands", n, "from"), "must ascend")
    if starts[-1] > highest:
        yield Flaw(("bands", len(starts) - 1, "from"), f"is above {highest}, the highest total")
    for n in _repeated([band.name for band in one.bands]):
        yield Flaw(("bands", n, "name"), "is there twice")


def _of_cuts(one: Definition) -> Iterator[Flaw]:
    if one.total is None or not one.positive_from:
        return
    lowest, highest = _range(one, one.total.items)
    if set(one.positive_from) not in ({"any"}, {"female", "male", "unknown"}):
        yield Flaw(("positive_from",), "needs any, or female, male and unknown")
    for sex, cut in one.positive_from.items():
        if not lowest < cut <= highest:
            yield Flaw(("positive_from", sex), f"must lie above {lowest} and not above {highest}")


def _of_subscales(one: Definition) -> Iterator[Flaw]:
    for n in _repeated([subscale.key for subscale in one.subscales]):
        yield Flaw(("subscales", n, "key"), "is there twice")
    for n, subscale in enumerate(one.subscales):
        if (flag := subscale.flag) is None:
            continue
        lowest, highest = _range(one, subscale.items)
        if (flag.from_ is None) == (flag.up_to is None):
            yield Flaw(("subscales", n, "flag"), "needs from, or up_to")
        elif flag.from_ is not None and not lowest < flag.from_ <= highest:
            yield Flaw(("subscales", n, "flag", "from"), "is always or never reached")
        elif flag.up_to is not None and not lowest <= flag.up_to < highest:
            yield Flaw(("subscales", n, "flag", "up_to"), "is always or never reached")


def _of_syndrome(one: Definition) -> Iterator[Flaw]:
    if (rule := one.syndrome) is None:
        return
    names = [*(outcome.outcome for outcome in rule.outcomes), rule.otherwise]
    for n in _repeated(names):
        yield Flaw(("syndrome", "outcomes", min(n, len(names) - 2), "outcome"), "is there twice")
    for n, outcome in enumerate(rule.outcomes):
        at: At = ("syndrome", "outcomes", n)
        for m, counted in enumerate(outcome.at_least):
            if counted.count > len(counted.items):
                yield Flaw((*at, "at_least", m, "count"), "is more than there are items")
        for earlier in rule.outcomes[:n]:
            if all(_implied(counted, outcome.at_least) for counted in earlier.at_least):
                yield Flaw((*at, "outcome"), f"is never found: {earlier.outcome} holds before")
    exceptions = {exception.item: exception.from_ for exception in rule.exceptions}
    named = {n for o in rule.outcomes for counted in o.at_least for n in counted.items}
    for item in one.items:
        start = exceptions.get(item.number, rule.symptom_from)
        if item.number in named and not item.values[0] < start <= item.values[-1]:
            reason = f"item {item.number} is always or never a symptom"
            yield Flaw(("syndrome", "symptom_from"), reason)


def _implied(counted: Counted, by: Iterable[Counted]) -> bool:
    return any(
        set(other.items) <= set(counted.items) and other.count >= counted.count for other in by
    )


def _of_levels(one: Definition) -> Iterator[Flaw]:
    if one.levels is None:
        return
    order = one.levels.order
    for n in _repeated([level.level for level in order]):
        yield Flaw(("levels", "order", n, "level"), "is there twice")
    if one.levels.undetermined in {level.level for level in order}:
        yield Flaw(("levels", "undetermined"), "is one of the levels")
    seen: set[tuple[str, int]] = set()
    for n, level in enumerate(order):
        if bool(level.any_of) == (n == len(order) - 1):
            yield Flaw(("levels", "order", n), "only the last level has no conditions")
        reached = set(_reached(one, level.any_of))
        if level.any_of and reached <= seen:
            yield Flaw(("levels", "order", n, "level"), "is never reached: graver ones hold before")
        seen |= reached


def _of_alerts(one: Definition) -> Iterator[Flaw]:
    levels = {level.level for level in one.levels.order} if one.levels else set()
    if one.levels:
        levels.add(one.levels.undetermined)
    told: dict[str, set[tuple[str, int]]] = {}
    milder: set[str] = set()
    for n, alert in enumerate(one.alerts):
        if (alert.when is None) == (alert.level is None):
            yield Flaw(("alerts", n), "needs when, or level")
            continue
        if alert.level is not None and alert.level not in levels:
            yield Flaw(("alerts", n, "level"), f"there is no level {alert.level}")
        if alert.severity == "high" and alert.kind in milder:
            yield Flaw(("alerts", n, "severity"), "comes after a milder one of the same kind")
        if alert.severity == "moderate":
            milder.add(alert.kind)
        reached = set(_reached(one, [alert.when])) if alert.when else {(f"= {alert.level}", 0)}
        if reached <= told.setdefault(alert.kind, set()):
            yield Flaw(("alerts", n), "is never told: others of its kind are told before")
        told[alert.kind] |= reached
    for n in _repeated([note.note for note in one.notes]):
        yield Flaw(("notes", n, "note"), "is there twice")
    if one.rise is not None and one.scale is None:
        yield Flaw(("rise",), "needs a scale")
    if one.safety_item is not None and _item(one, one.safety_item).values[0] != 0:
        yield Flaw(("safety_item",), "needs the answer 0, which alone is negative")


def _reached(one: Definition, conditions: Iterable[Condition]) -> Iterator[tuple[str, int]]:
    for condition in conditions:
        for answer in filter(condition.takes, _item(one, condition.item).values):
            yield condition.item, answer


def _item(one: Definition, number: str) -> Item:
    return one.items[one.place(number)]


def _range(one: Definition, numbers: Iterable[str]) -> tuple[int, int]:
    """The lowest and the highest sum of some items."""
    values = [_item(one, number).values for number in numbers]
    return sum(v[0] for v in values), sum(v[-1] for v in values)


def _repeated(words: Iterable[str]) -> Iterator[int]:
    """The places of words that stand before already."""
    seen: set[str] = set()
    for n, word in enumerate(words):
        if word in seen:
            yield n
        seen.add(word)
