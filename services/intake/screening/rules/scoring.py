"""One scorer for every instrument: it reads a definition and knows no instrument."""

from collections.abc import Mapping, Sequence

from services.intake.screening.policy import Instrument, Item
from services.intake.screening.policy.parts import Subscale, Total
from services.intake.screening.rules.answers import NOT_ASKED, Answer, by_number
from services.intake.screening.rules.findings import alerts_of, level_of, notes_of, syndrome_of
from services.intake.screening.rules.results import Result, SafetyItem, Sex, Status, Subscore

SCORING_VERSION = "2"
"""Raised when the same answers could score differently."""

Points = Mapping[str, int | None]
"""What each item adds to a sum, by its number; None where it was not answered."""


def score(instrument: Instrument, answers: Sequence[Answer], sex: Sex = "unknown") -> Result:
    """Score answers that `check` found possible.

    The total is the sum of its items; with few missing ones it is prorated to all items, rounding
    half up and within the range of totals; with more there is none. A total, prorated or not,
    decides on the screen. Without one a positive screen is told early when the answers given reach
    the cut already, and a negative one when the missing items cannot reach it any more. Alerts,
    levels and the safety item rest on the answers alone, whatever is missing beside them.
    """
    given = by_number(instrument, answers)
    points: dict[str, int | None] = {}
    for item, answer in zip(instrument.items, answers, strict=True):
        points[item.number] = (
            item.points(answer)
            if isinstance(answer, int)
            else item.values[0]
            if answer == NOT_ASKED
            else None
        )
    expected = len(answers) - answers.count(NOT_ASKED)
    subscores = tuple([_subscore(subscale, points) for subscale in instrument.subscales])
    level = level_of(instrument.levels, given) if instrument.levels else None
    total = raw = band = positive = scaled = None
    if instrument.total is None:
        undetermined = instrument.levels is not None and level == instrument.levels.undetermined
        status = _status(subscores, undetermined)
    else:
        status, total, raw, positive = _total(instrument, instrument.total, points, sex)
    if total is not None:
        band = next((b.name for b in reversed(instrument.bands) if b.from_ <= total), None)
        scaled = total * instrument.scale.factor if instrument.scale else None
    syndrome, guessed = (
        syndrome_of(instrument.syndrome, given) if instrument.syndrome else (None, False)
    )
    return Result(
        status,
        total,
        band,
        level,
        positive,
        expected - answers.count(None),
        expected,
        raw,
        scaled,
        subscores,
        None if instrument.safety_item is None else _safety(given[instrument.safety_item]),
        syndrome,
        notes_of(instrument, given, guessed),
        alerts_of(instrument, given, level),
    )


def half_up(numerator: int, denominator: int) -> int:
    """The quotient of two non-negative numbers, halves rounded up (`round` rounds to even)."""
    return (2 * numerator + denominator) // (2 * denominator)


def _total(
    instrument: Instrument, rule: Total, points: Points, sex: Sex
) -> tuple[Status, int | None, int, bool | None]:
    """The status, the total, the sum of what was answered, and what the screen says."""
    known = [point for number in rule.items if (point := points[number]) is not None]
    raw = sum(known)
    if any(points[number] is None for number in rule.requires):
        return "incomplete", None, raw, None
    cuts = instrument.positive_from
    cut = cuts["any"] if "any" in cuts else cuts.get(sex)
    missing = len(rule.items) - len(known)
    if not missing:
        return "complete", raw, raw, None if cut is None else raw >= cut
    items = [item for item in instrument.items if item.number in rule.items]
    if missing <= rule.missing_allowed and _few_missing(rule, points):
        total = half_up(raw * len(items), len(known))
        lowest, highest = sum(i.values[0] for i in items), sum(i.values[-1] for i in items)
        total = min(max(total, lowest), highest)
        return "prorated", total, raw, None if cut is None else total >= cut
    if cut is None:
        return "incomplete", None, raw, None
    open_ = [item for item in items if points[item.number] is None]
    return "incomplete", None, raw, _early(raw, open_, cut)


def _few_missing(rule: Total, points: Points) -> bool:
    return all(
        [points[number] for number in bound.items].count(None) <= bound.missing_allowed
        for bound in rule.missing_within
    )


def _early(raw: int, missing: Sequence[Item], cut: int) -> bool | None:
    """What the screen says whatever the missing answers are."""
    if raw + sum(item.values[0] for item in missing) >= cut:
        return True
    return False if raw + sum(item.values[-1] for item in missing) < cut else None


def _subscore(subscale: Subscale, points: Points) -> Subscore:
    """Its items are not interchangeable: without one of them there is no total."""
    total = 0
    for number in subscale.items:
        if (point := points[number]) is None:
            return Subscore(subscale.key, None, None)
        total += point
    return Subscore(subscale.key, total, subscale.flag.asks(total) if subscale.flag else None)


def _status(subscores: Sequence[Subscore], undetermined: bool) -> Status:
    """Of an instrument without a total."""
    if undetermined or any(subscore.total is None for subscore in subscores):
        return "incomplete"
    return "complete"


def _safety(answer: Answer) -> SafetyItem:
    """The safety item alone decides, whatever the total; a missing answer is asked, never guessed.

    Source: PHQ-9 item 9 at 1 or more calls for a suicide assessment in the same contact.
    """
    if not isinstance(answer, int):
        return "unknown"
    return "positive" if answer >= 1 else "negative"
