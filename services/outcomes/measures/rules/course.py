"""The course of a client by one series of an instrument in one stay, and whether it is on track."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from uuid import UUID

from services.outcomes.measures.policy import Expected, Series
from services.outcomes.measures.rules.change import Change, change, is_case
from shared.contracts.base import Criterion


@dataclass(frozen=True, slots=True)
class Point:
    """A valid value of the stay."""

    screening_id: UUID
    answered_on: date
    """At the site."""
    value: int


@dataclass(frozen=True, slots=True)
class Course:
    """What the values of a series come to."""

    baseline: Point | None
    changes: tuple[Change | None, ...]
    """Of each point against the baseline; None for those up to it, and without one for all."""
    on_track: bool | None
    """Null where it cannot be said yet."""
    rules: tuple[Criterion, ...]
    """What that rests on."""

    @property
    def latest(self) -> Change | None:
        """Of the latest point, if it came after the baseline."""
        return self.changes[-1] if self.changes else None


def course(series: Series, points: Sequence[Point], baseline: Point | None) -> Course:
    """The course of a series; `points` are in the order in which the client answered, and the
    baseline is one of them."""
    if baseline is None:
        return Course(None, (None,) * len(points), None, ())
    first = points.index(baseline) + 1
    later = [change(series, baseline.value, point.value) for point in points[first:]]
    changes = (*(None for _ in points[:first]), *later)
    if not later:
        return Course(baseline, changes, None, ())
    rules = tuple(signals(series, baseline, points[-1], later[-1]))
    on_track = all(rule.met for rule in rules) if rules else None
    return Course(baseline, changes, on_track, rules)


def signals(series: Series, baseline: Point, latest: Point, found: Change) -> list[Criterion]:
    """Each rule that says whether a client is on track: no reliable deterioration at any time, and
    of who began in the clinical range what is expected by now."""
    rules: list[Criterion] = []
    days = (latest.answered_on - baseline.answered_on).days
    if series.reliable_change is not None:
        rules.append(
            Criterion(
                name="no_reliable_deterioration",
                met=found.reliable != "deterioration",
                observed=_points(found.improvement),
                required="no reliable deterioration since the baseline",
                source=series.reliable_change.source,
            )
        )
    step = next((s for s in reversed(series.expected) if s.from_day <= days), None)
    if step is not None and is_case(series, baseline.value) is not False:
        rules.append(_expected(series, step, baseline, found, days))
    return rules


def _expected(
    series: Series, step: Expected, baseline: Point, found: Change, days: int
) -> Criterion:
    best = series.lowest if series.better == "lower" else series.highest
    room = abs(baseline.value - best)
    if step.points is not None:
        needed, words = Fraction(step.points), f"{step.points} points"
    else:
        percent = step.improvement_percent or 0
        needed = Fraction(room * percent, 100)
        words = f"{percent} % of {room} points"
    return Criterion(
        name="expected_improvement",
        met=found.improvement >= needed,
        observed=f"{_points(found.improvement)} after {days} days",
        required=f"better by at least {words} from day {step.from_day} on",
        source=step.source,
    )


def _points(improvement: int) -> str:
    if improvement == 0:
        return "no change"
    return f"{'better' if improvement > 0 else 'worse'} by {abs(improvement)} points"
