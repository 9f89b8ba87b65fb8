"""Curves of how long stays last: Kaplan-Meier, and Aalen-Johansen where ends compete.

Times are whole days. Somebody is at risk at a time t where entry < t ≤ exit; a stay that begins and
ends on one day counts half a day, so that it is at risk when it ends. Reckoned in half days, which
are integers: equal times are equal.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

TOLERANCE = 1.5e-8
"""Within which a curve is at one half: the square root of a double's precision, as in R."""
Z = 1.959963984540054
"""The two-sided 95 % of the normal distribution."""


@dataclass(frozen=True, slots=True)
class Span:
    """A time under observation in days: from `entry` (0 unless it was entered late) to `exit`, by
    an end of some kind, or None where the stay went on (censored)."""

    entry: int
    exit: int
    end: str | None

    @property
    def halves(self) -> tuple[int, int]:
        """Entry and exit in half days."""
        return 2 * self.entry, 2 * self.exit if self.exit > self.entry else 2 * self.entry + 1


@dataclass(frozen=True, slots=True)
class Step:
    """The curves from `day` on, up to the next step. `day` is x.5 for an end on the first day."""

    day: float
    at_risk: int
    ended: int
    survival: float
    low: float | None
    high: float | None
    """95 % limits by the log-log transform; None where the estimate is 0 or 1."""
    incidence: dict[str, float]
    """By kind of end: the share that ended so by then."""


def curves(spans: Iterable[Span]) -> list[Step]:
    """The steps of the curves, one for each time of an end.

    Survival is Kaplan-Meier's product, its variance Greenwood's; incidence is Aalen-Johansen's sum,
    so that survival and all incidences add up to 1 at each time.
    """
    ends: defaultdict[int, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    change: defaultdict[int, int] = defaultdict(int)
    for span in spans:
        entry, exit_ = span.halves
        change[entry] += 1
        change[exit_] -= 1
        if span.end is not None:
            ends[exit_][span.end] += 1
    at_risk, survival, variance = 0, 1.0, 0.0
    incidence = dict.fromkeys(sorted({kind for kinds in ends.values() for kind in kinds}), 0.0)
    steps = []
    for time in sorted(change):  # those who enter or leave at a time do so after its ends
        if time in ends:
            ended = sum(ends[time].values())
            for kind, count in ends[time].items():
                incidence[kind] += survival * count / at_risk
            survival *= (at_risk - ended) / at_risk
            left = at_risk - ended
            variance += ended / (at_risk * left) if left else 0.0
            low, high = limits(survival, variance)
            steps.append(Step(time / 2, at_risk, ended, survival, low, high, dict(incidence)))
        at_risk += change[time]
    return steps


def limits(survival: float, variance: float) -> tuple[float | None, float | None]:
    """The 95 % limits of an estimate by the log-log transform, from Greenwood's sum."""
    if survival <= 0 or survival >= 1:
        return None, None
    middle = log(-log(survival))
    spread = Z * sqrt(variance) / log(survival)
    return exp(-exp(middle - spread)), exp(-exp(middle + spread))


def median(steps: Sequence[Step]) -> float | None:
    """The day by which half have ended; None where that is not reached.

    Where the curve lies at one half for a while, the middle between the day on which it comes
    there and the one on which it leaves, as R's `survival` says: of durations 1 to 6 it is 3.5.
    """
    below = [step for step in steps if step.survival < 0.5 + TOLERANCE]
    if not below:
        return None
    first = below[0]
    if abs(first.survival - 0.5) < TOLERANCE:
        later = next((s for s in below if s.survival < first.survival - TOLERANCE), None)
        if later is not None:
            return (first.day + later.day) / 2
    return first.day


def at(steps: Sequence[Step], day: int) -> Step | None:
    """The step that holds on a day; None before the first."""
    return next((step for step in reversed(steps) if step.day <= day), None)


def at_risk_after(spans: Iterable[Span], day: int) -> int:
    """How many are under observation beyond a day: entry ≤ day < exit."""
    return sum(entry <= 2 * day < exit_ for entry, exit_ in (span.halves for span in spans))
