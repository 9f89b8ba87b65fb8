"""One scorer for every instrument: it reads the tables of a definition and knows no instrument."""

from collections.abc import Sequence
from operator import getitem

from services.intake.screening.policy import Instrument
from services.intake.screening.rules.answers import Answer
from services.intake.screening.rules.findings import alerts_of, level_of, notes_of, syndrome_of
from services.intake.screening.rules.prepared import NOT_ASKED, SubscaleTable, SumTable, prepare
from services.intake.screening.rules.results import Result, SafetyItem, Sex, Status, Subscore

SCORING_VERSION = "2"
"""Raised when the same answers could score differently."""

Points = Sequence[int | None]


def score(instrument: Instrument, answers: Sequence[Answer], sex: Sex = "unknown") -> Result:
    """Score answers that `check` found possible.

    The total is the sum of its items; with few missing ones it is prorated to all items, rounding
    half up and within the range of totals; with more there is none. A total, prorated or not,
    decides on the screen. Without one a positive screen is told early when the answers given reach
    the cut already, and a negative one when the missing items cannot reach it any more. Alerts,
    levels and the safety item rest on the answers alone, whatever is missing beside them.
    """
    ready = prepare(instrument)
    points = [*map(getitem, ready.points, answers)]
    missing = points.count(None)
    expected = len(points) - answers.count(NOT_ASKED)
    subscores: tuple[Subscore, ...] = ()
    if ready.subscales:
        subscores = tuple([_subscore(subscale, points) for subscale in ready.subscales])
    level = level_of(ready, answers, missing) if ready.levels else None
    total = raw = band = positive = scaled = None
    if (table := ready.total) is None:
        status = _status(subscores, level == ready.undetermined)
    else:
        status, total, raw, positive = _total(table, points, sex)
        if total is not None:
            band = table.bands.get(total)
            scaled = None if table.factor is None else total * table.factor
    syndrome, guessed = (
        (None, False) if ready.syndrome is None else syndrome_of(ready.syndrome, answers)
    )
    return Result(
        status,
        total,
        band,
        level,
        positive,
        expected - missing,
        expected,
        raw,
        scaled,
        subscores,
        None if ready.safety is None else _safety(answers[ready.safety]),
        syndrome,
        notes_of(ready, answers, guessed) if ready.notes or guessed else (),
        alerts_of(ready, answers, level) if ready.alerts else (),
    )


def half_up(numerator: int, denominator: int) -> int:
    """The quotient of two non-negative numbers, halves rounded up (`round` rounds to even)."""
    return (2 * numerator + denominator) // (2 * denominator)


def _total(
    table: SumTable, points: Points, sex: Sex
) -> tuple[Status, int | None, int, bool | None]:
    """The status, the total, the sum of what was answered, and what the screen says."""
    given = table.pick(points)
    known = [point for point in given if point is not None] if None in given else given
    raw = sum(known)
    for place in table.requires:
        if points[place] is None:
            return "incomplete", None, raw, None
    cut = table.cuts.get(sex)
    missing = len(given) - len(known)
    if not missing:
        return "complete", raw, raw, None if cut is None else raw >= cut
    if missing <= table.missing_allowed and _few_missing(table, points):
        total = half_up(raw * len(given), len(known))
        total = min(max(total, sum(table.lowest.values())), sum(table.highest.values()))
        return "prorated", total, raw, None if cut is None else total >= cut
    return "incomplete", None, raw, None if cut is None else _early(table, points, raw, cut)


def _few_missing(table: SumTable, points: Points) -> bool:
    return all(pick(points).count(None) <= allowed for pick, allowed in table.missing_within)


def _early(table: SumTable, points: Points, raw: int, cut: int) -> bool | None:
    """What the screen says whatever the missing answers are."""
    missing = [place for place in table.places if points[place] is None]
    if raw + sum(table.lowest[place] for place in missing) >= cut:
        return True
    return False if raw + sum(table.highest[place] for place in missing) < cut else None


def _subscore(subscale: SubscaleTable, points: Points) -> Subscore:
    """Its items are not interchangeable: without one of them there is no total."""
    given = subscale.pick(points)
    if None in given:
        return Subscore(subscale.key, None, None)
    total = sum(given)
    flagged = None if subscale.flagged is None else total in subscale.flagged
    return Subscore(subscale.key, total, flagged)


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
