"""Scoring: from item answers to a result that says how it came about.

A missing answer is never a zero. Screens are not diagnoses: results are symptom bands and positive
screens.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from services.intake.screening.instruments import Instrument

SCORING_VERSION = "1"
"""Raised when the same answers could score differently."""

NOT_ASKED = "not_asked"
Answer = int | None | Literal["not_asked"]
Status = Literal["complete", "prorated", "incomplete"]
SafetyItem = Literal["negative", "positive", "unknown"]
Sex = Literal["female", "male", "unknown"]


@dataclass(frozen=True, slots=True)
class Impossible:
    """An answer that the instrument does not know. `item` is its place, from 0 on."""

    item: int
    detail: str


@dataclass(frozen=True, slots=True)
class Result:
    """What an instrument says. `total` and `band` are None when the answers do not allow them."""

    status: Status
    total: int | None
    band: str | None
    positive: bool | None
    answered: int
    raw: int
    """Sum of what was answered, before prorating."""
    safety_item: SafetyItem | None = None
    syndrome: Literal["major", "other", "none"] | None = None
    """PHQ-9's diagnostic algorithm; separate from the sum."""
    notes: tuple[str, ...] = field(default=())


def check(instrument: Instrument, answers: Sequence[Answer]) -> list[Impossible]:
    """What is impossible about these answers; empty when they can be scored."""
    if len(answers) != len(instrument.items):
        return [Impossible(0, f"{instrument.title} has {len(instrument.items)} items.")]
    allowed = _skippable(instrument, answers)
    found = []
    for place, (item, answer) in enumerate(zip(instrument.items, answers, strict=True)):
        if answer == NOT_ASKED:
            if place + 1 not in allowed:
                found.append(Impossible(place, "This item may not be skipped after these answers."))
        elif answer is not None and answer not in item.values:
            values = ", ".join(str(value) for value in item.values)
            found.append(Impossible(place, f"Only {values} or null is possible here."))
    return found


def score(instrument: Instrument, answers: Sequence[Answer], sex: Sex = "unknown") -> Result:
    """Score answers that `check` found possible.

    The total is the sum of all items; with few missing ones it is prorated to all items, rounding
    half up; with more there is none. A total, prorated or not, decides on the screen. Without one a
    positive screen is told early when the answers given reach the cut already, and a negative one
    when the missing items cannot reach it any more.
    """
    points = [_points(instrument, n, answer) for n, answer in enumerate(answers)]
    known = [p for p in points if p is not None]
    missing = len(points) - len(known)
    raw = sum(known)
    total: int | None = None
    status: Status = "incomplete"
    if missing == 0:
        total, status = raw, "complete"
    elif missing <= instrument.missing_allowed:
        total, status = half_up(raw * len(points), len(known)), "prorated"
    return Result(
        status=status,
        total=total,
        band=_band(instrument, total),
        positive=_positive(instrument, points, total, sex),
        answered=sum(isinstance(answer, int) for answer in answers),
        raw=raw,
        safety_item=_safety(instrument, answers),
        syndrome=_syndrome(instrument, answers),
        notes=_notes(instrument, points),
    )


def half_up(numerator: int, denominator: int) -> int:
    """The quotient of two non-negative numbers, halves rounded up (`round` rounds to even)."""
    return (2 * numerator + denominator) // (2 * denominator)


def _points(instrument: Instrument, place: int, answer: Answer) -> int | None:
    if answer is None:
        return None
    if not isinstance(answer, int):
        return 0
    item = instrument.items[place]
    return max(item.values) - answer if item.reversed else answer


def _skippable(instrument: Instrument, answers: Sequence[Answer]) -> set[int]:
    """Items that need not be asked. Later rules see what earlier ones skipped as zero."""
    skipped: set[int] = set()
    for skip in instrument.skips:
        zero = (answers[n - 1] == 0 or answers[n - 1] == NOT_ASKED for n in skip.all_zero)
        if all(zero):
            skipped.update(skip.not_asked)
    return skipped


def _band(instrument: Instrument, total: int | None) -> str | None:
    if total is None:
        return None
    return next((b.name for b in reversed(instrument.bands) if total >= b.from_), None)


def _positive(
    instrument: Instrument, points: Sequence[int | None], total: int | None, sex: Sex
) -> bool | None:
    cut = instrument.positive_from.get("any", instrument.positive_from.get(sex))
    if cut is None:
        return None
    if total is not None:
        return total >= cut
    lowest = sum(p for p in points if p is not None)
    highest = lowest + sum(
        max(item.values) for item, p in zip(instrument.items, points, strict=True) if p is None
    )
    if lowest >= cut:
        return True
    return False if highest < cut else None


def _safety(instrument: Instrument, answers: Sequence[Answer]) -> SafetyItem | None:
    """The safety item alone decides, whatever the total; a missing answer is asked, never guessed.

    Source: PHQ-9 item 9 at 1 or more calls for a suicide assessment in the same contact.
    """
    if instrument.safety_item is None:
        return None
    answer = answers[instrument.safety_item - 1]
    if not isinstance(answer, int):
        return "unknown"
    return "positive" if answer >= 1 else "negative"


def _syndrome(
    instrument: Instrument, answers: Sequence[Answer]
) -> Literal["major", "other", "none"] | None:
    rule = instrument.syndrome
    if rule is None or not all(isinstance(answer, int) for answer in answers):
        return None
    symptoms = {
        n
        for n, answer in enumerate(answers, 1)
        if isinstance(answer, int)
        and answer >= (rule.lenient_from if n == rule.lenient_item else rule.symptom_from)
    }
    if not symptoms.intersection(rule.cardinal):
        return "none"
    if len(symptoms) >= rule.major_from:
        return "major"
    return "other" if len(symptoms) >= rule.other_from else "none"


def _notes(instrument: Instrument, points: Sequence[int | None]) -> tuple[str, ...]:
    notes = []
    single = instrument.single_source_item
    if single is not None and points[single - 1]:
        others = [p for n, p in enumerate(points, 1) if n != single]
        if not any(others) and None not in others:
            notes.append("all_points_from_one_item")
    contradiction = instrument.contradiction
    if contradiction is not None and all(
        points[n - 1] == (max(item.values) if (item := instrument.items[n - 1]).reversed else 0)
        for n in contradiction.all_zero
    ):
        notes.append("answers_contradict_each_other")
    return tuple(notes)
