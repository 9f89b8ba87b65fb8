"""Item-level answers from a latent severity: the totals follow it, the items follow the totals."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from stepwell.region.plan import Answers, Measured
from stepwell.region.rates import Rates

SAFETY_ITEM = 8
"""Index of PHQ-9 item 9."""


@dataclass(frozen=True)
class Form:
    """How an instrument is answered. `propensity` says how readily each item takes a point."""

    instrument: str
    highest: int
    propensity: tuple[float, ...]
    reversed_items: tuple[int, ...] = ()
    """Indexes of yes/no items where the answer no gives the point."""
    leading: bool = False
    """Whether nobody has points elsewhere without one on the first item."""

    @property
    def items(self) -> int:
        return len(self.propensity)

    @property
    def largest_total(self) -> int:
        return self.items * self.highest


PHQ_9 = Form("phq-9", 3, (1.0, 1.0, 1.2, 1.3, 0.9, 0.9, 0.8, 0.5, 0.12))
GAD_7 = Form("gad-7", 3, (1.2, 1.1, 1.2, 1.0, 0.7, 1.0, 0.7))
AUDIT_C = Form("audit-c", 4, (1.0, 1.0, 0.9), leading=True)
DAST_10 = Form("dast-10", 1, (2.0, 1.0, 1.0, 0.6, 1.2, 1.0, 0.8, 0.6, 0.7, 0.4), (2,), leading=True)
AT_INTAKE = (PHQ_9, GAD_7, AUDIT_C, DAST_10)
EACH_WEEK = (PHQ_9, GAD_7)
"""AUDIT-C and DAST-10 look back a year, so they are asked at intake only."""


def spread(form: Form, total: int, rng: Random, *, without: Sequence[int] = ()) -> Answers:
    """Answers that add up to `total`, none on the items `without`.

    A point goes to an item by its propensity and the room it has left. A reversed item carries its
    point as the answer no.
    """
    weights = [0.0 if i in without else p for i, p in enumerate(form.propensity)]
    room = sum(form.highest for weight in weights if weight)
    if not 0 <= total <= room:
        raise ValueError(f"{form.instrument} cannot add up to {total}")
    points = [0] * form.items
    for given in range(total):
        if given == 0 and form.leading:
            points[0] = 1
            continue
        open_room = [w * (form.highest - p) for w, p in zip(weights, points, strict=True)]
        points[rng.choices(range(form.items), open_room)[0]] += 1
    return tuple(
        form.highest - point if i in form.reversed_items else point
        for i, point in enumerate(points)
    )


def total_of(form: Form, answers: Answers) -> int:
    """The sum that the answers were made from; unanswered items count nothing."""
    return sum(
        form.highest - answer if i in form.reversed_items else answer
        for i, answer in enumerate(answers)
        if answer is not None
    )


class Severity:
    """How ill one client is: one latent value, and a total of each instrument that follows it."""

    def __init__(self, rates: Rates, rng: Random) -> None:
        self._rates = rates
        self._rng = rng
        shared = rng.gauss(0, 1)
        weight = rates.correlation_with_severity**0.5
        rest = (1 - weight**2) ** 0.5
        self._level = {
            form.instrument: self._total(form, weight * shared + rest * rng.gauss(0, 1))
            for form in AT_INTAKE
        }

    def _total(self, form: Form, deviation: float) -> float:
        baseline = self._rates.baseline(form.instrument)
        return baseline.mean + baseline.sd * deviation

    def raise_to(self, form: Form, total: int) -> None:
        """Make the client at least so ill by one instrument."""
        self._level[form.instrument] = max(self._level[form.instrument], total)

    def level(self, form: Form) -> float:
        """The total that the client tends to, before treatment."""
        return self._level[form.instrument]

    def at_intake(self) -> tuple[Measured, ...]:
        """All instruments, as they are answered before treatment."""
        return tuple(
            self._answered(form, self._level[form.instrument], skips=form in EACH_WEEK)
            for form in AT_INTAKE
        )

    def in_week(self, week: int, *, drift: float) -> tuple[Measured, ...]:
        """The instruments that are repeated, `week` weeks after intake; some are not taken."""
        change = self._rates.change
        return tuple(
            self._answered(
                form,
                self._level[form.instrument]
                + drift * week
                + self._rng.gauss(0, change.sd_between_weeks),
                skips=True,
            )
            for form in EACH_WEEK
            if self._rng.random() >= self._rates.missing.measure
        )

    def _answered(self, form: Form, level: float, *, skips: bool) -> Measured:
        total = min(max(round(level), 0), form.largest_total)
        answers = spread(form, total, self._rng)
        if skips:
            share = self._rates.missing.item
            answers = tuple(a if self._rng.random() >= share else None for a in answers)
        return Measured(form.instrument, answers)
