"""Reliable change of a score, after Jacobson and Truax, J. Consult. Clin. Psychol. 1991;59:12.

The only place of it here: a service that reckons it for each client may take this one's place.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from typing import Literal

Change = Literal["improved", "unchanged", "deteriorated", "not_measured"]
BASELINE_FROM = timedelta(days=-7)
BASELINE_UNTIL = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Reference:
    """What a change is held against: the spread and reliability of the score in a sample."""

    standard_deviation: float
    reliability: float
    z: float = 1.96
    lower_is_better: bool = True

    @property
    def threshold(self) -> float:
        """A change is reliable when it is larger, in points."""
        return self.z * self.standard_deviation * sqrt(2 * (1 - self.reliability))


@dataclass(frozen=True, slots=True)
class Measured:
    """A total and the day at the site on which the client answered."""

    answered_on: date
    total: int


def change(
    scores: Iterable[Measured], enrolled_on: date, ended_on: date, reference: Reference
) -> Change:
    """The change from the first score of the admission, of 7 days before it to 14 days after, to
    the last one of the stay."""
    known = sorted(scores, key=lambda one: one.answered_on)
    first = next(
        (
            n
            for n, one in enumerate(known)
            if BASELINE_FROM <= one.answered_on - enrolled_on <= BASELINE_UNTIL
        ),
        None,
    )
    if first is None:
        return "not_measured"
    later = [one for one in known[first + 1 :] if one.answered_on <= ended_on]
    if not later:
        return "not_measured"
    points = later[-1].total - known[first].total
    if abs(points) <= reference.threshold:
        return "unchanged"
    return "improved" if (points < 0) == reference.lower_is_better else "deteriorated"
