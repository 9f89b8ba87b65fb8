"""What a change between two scores means: important, reliable, recovered, clinically significant.

Jacobson and Truax 1991, and for recovery and reliable recovery the definitions of NHS Talking
Therapies. Improvement is positive, whichever direction of an instrument is the better one.
"""

from dataclasses import dataclass
from typing import Literal

from services.outcomes.measures.policy import (
    EdwardsNunnally,
    JacobsonTruax,
    PublishedPoints,
    Series,
    whole_points,
)

Outcome = Literal[
    "recovered",
    "reliably_improved",
    "no_reliable_change",
    "reliably_deteriorated",
    "not_classifiable",
]
Direction = Literal["improvement", "deterioration", "none"]


@dataclass(frozen=True, slots=True)
class Change:
    """What came of a series from a baseline to a later value."""

    improvement: int
    """In points; negative for a deterioration."""
    important: Direction | None
    """By the minimal important difference; null where none is known."""
    reliable: Direction | None
    """Null where nobody agreed on a rule."""
    index: float | None
    """The reliable change index: later less earlier score, in standard errors; null by a method
    without one."""
    recovery: bool | None
    """From caseness to below it; null where the baseline was no case, or no cut is known."""
    reliable_recovery: bool | None
    clinically_significant: bool | None
    """Reliably improved over the clinical cut; null where the baseline was on its healthy side."""
    outcome: Outcome


def change(series: Series, before: int, after: int) -> Change:
    """What a value `after` says against the baseline `before`."""
    improvement = _worse_by(series, before, after)
    difference = series.minimal_important_difference
    reliable, index = reliable_change(series, before, after)
    improved = None if reliable is None else reliable == "improvement"
    recovery = _recovery(series, before, after)
    significant = _clinically_significant(series, before, after, improved)
    return Change(
        improvement=improvement,
        important=None if difference is None else _direction(improvement, difference.points),
        reliable=reliable,
        index=index,
        recovery=recovery,
        reliable_recovery=None if recovery is None or improved is None else recovery and improved,
        clinically_significant=significant,
        outcome=_outcome(series, before, reliable, significant, recovery),
    )


def reliable_change(
    series: Series, before: int, after: int
) -> tuple[Direction | None, float | None]:
    """Whether a change is more than the error of measurement, which way, and its index."""
    improvement = _worse_by(series, before, after)
    index: float | None = None
    match series.reliable_change:
        case None:
            return None, None
        case JacobsonTruax() as rule:
            index = (after - before) / rule.error
            reliable = abs(index) > rule.z
        case EdwardsNunnally() as rule:
            expected = rule.mean + rule.reliability * (before - rule.mean)
            index = (after - expected) / rule.error
            # a change that is less than the regression to the mean alone is none the other way
            reliable = abs(index) > rule.z and (index > 0) == (after > before)
        case PublishedPoints() as rule:
            reliable = abs(improvement) >= rule.points
    if not reliable:
        return "none", index
    return ("improvement" if improvement > 0 else "deterioration"), index


def is_case(series: Series, value: int) -> bool | None:
    """Whether a value is in the clinical range; None where no cut is known."""
    if series.caseness is None:
        return None
    cut = series.caseness.at
    return value >= cut if series.better == "lower" else value <= cut


def band_of(series: Series, value: int) -> str | None:
    """The band of severity that a value lies in."""
    return next((b.name for b in reversed(series.bands) if value >= b.from_), None)


def _worse_by(series: Series, one: int, other: int) -> int:
    """By how many points `one` is worse than `other`."""
    return one - other if series.better == "lower" else other - one


def _direction(improvement: int, points: float) -> Direction:
    if abs(improvement) < points:
        return "none"
    return "improvement" if improvement > 0 else "deterioration"


def _recovery(series: Series, before: int, after: int) -> bool | None:
    return None if not is_case(series, before) else not is_case(series, after)


def _clinically_significant(
    series: Series, before: int, after: int, improved: bool | None
) -> bool | None:
    if series.clinical_cut is None or improved is None:
        return None
    cut = series.clinical_cut.value
    lower = series.better == "lower"
    if not (before > cut if lower else before < cut):
        return None
    return improved and (after <= cut if lower else after >= cut)


def _outcome(
    series: Series,
    before: int,
    reliable: Direction | None,
    significant: bool | None,
    recovery: bool | None,
) -> Outcome:
    """Where no clinical cut is known, recovery is by caseness. Who could not have improved
    reliably, as the baseline was too good already, is not counted among those without a change."""
    if series.reliable_change is None:
        return "not_classifiable"
    if reliable == "deterioration":
        return "reliably_deteriorated"
    if reliable == "improvement":
        over = recovery if series.clinical_cut is None else significant
        return "recovered" if over else "reliably_improved"
    best = series.lowest if series.better == "lower" else series.highest
    room = abs(before - best) >= whole_points(series.reliable_change)
    return "no_reliable_change" if room else "not_classifiable"
