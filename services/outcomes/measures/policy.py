"""What is measured when, and what a change means: data with a version and a source for each value.

A file that cannot work is refused at load, with the line and the reason.
"""

from collections.abc import Iterator
from itertools import combinations, pairwise
from math import floor, sqrt
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from shared.datafiles import Part, data_file, refuse

Word = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,59}$")]
Every = Literal["weekly", "biweekly", "monthly"]
DAYS: dict[Every, int] = {"weekly": 7, "biweekly": 14, "monthly": 30}
"""A month is 30 days, so that instruments that ask about 30 days never ask about one twice."""
TOTAL = "total"
"""The series of an instrument's total; every other one is a subscale."""


class Band(Part):
    """A band of severity, from a value up to the next band."""

    from_: int = Field(alias="from")
    name: Word
    label: str


class Points(Part):
    """A number of points, and who found it."""

    points: float = Field(gt=0)
    source: str


class Cut(Part):
    """A value that parts a clinical range from the others, and who found it."""

    at: int
    source: str


class OfSample(Part):
    """A change is reliable when it is larger than `z` standard errors, which are those of a
    reference sample before treatment."""

    sd: float = Field(gt=0)
    """Standard deviation of the sample."""
    reliability: float = Field(gt=0, lt=1)
    z: float = Field(1.96, gt=0)
    source: str

    @property
    def error(self) -> float:
        """The standard error of measurement, in points."""
        return self.sd * sqrt(1 - self.reliability)

    @property
    def threshold(self) -> float:
        """The change, in points, above which it is reliable."""
        return self.z * self.error


class JacobsonTruax(OfSample):
    """By the standard error of a difference (Jacobson and Truax 1991)."""

    method: Literal["jacobson_truax"]

    @property
    def error(self) -> float:
        """The standard error of a difference, in points."""
        return sqrt(2) * super().error


class EdwardsNunnally(OfSample):
    """By the standard error of measurement around the first score, regressed to the mean (Edwards
    and others 1978; Speer 1992)."""

    method: Literal["edwards_nunnally"]
    mean: float
    """Mean of the sample."""


class PublishedPoints(Part):
    """A change is reliable from a published number of points on."""

    method: Literal["points"]
    points: int = Field(gt=0)
    source: str

    @property
    def threshold(self) -> float:
        return self.points - 0.5


ReliableChange = Annotated[
    JacobsonTruax | EdwardsNunnally | PublishedPoints, Field(discriminator="method")
]


def whole_points(rule: JacobsonTruax | EdwardsNunnally | PublishedPoints) -> int:
    """The smallest change in whole points that is reliable."""
    return floor(rule.threshold) + 1


class Sample(Part):
    """Mean and standard deviation of a sample."""

    mean: float
    sd: float = Field(gt=0)


class ClinicalCut(Part):
    """Where a person is as likely of the clinical as of the other sample (criterion c of Jacobson
    and Truax 1991), or a published value of it; exactly one of `at` and the two samples."""

    at: float | None = None
    """The last value on the healthy side."""
    clinical: Sample | None = None
    others: Sample | None = None
    source: str

    @model_validator(mode="after")
    def is_told_once(self) -> Self:
        samples = (self.clinical is not None, self.others is not None)
        if samples[0] != samples[1] or (self.at is None) != samples[0]:
            raise ValueError("needs either at, or clinical and others")
        return self

    @property
    def value(self) -> float:
        """In points; a value exactly here is on the healthy side."""
        if self.at is not None:
            return self.at
        assert self.clinical is not None  # checked at load
        assert self.others is not None
        ill, well = self.clinical, self.others
        return (well.sd * ill.mean + ill.sd * well.mean) / (well.sd + ill.sd)


class Expected(Part):
    """What a client should have reached so many days after the baseline; exactly one of the two."""

    from_day: int = Field(ge=1)
    improvement_percent: int | None = Field(None, ge=1, le=100)
    """Of what there was to improve at the baseline."""
    points: int | None = Field(None, ge=1)
    source: str

    @model_validator(mode="after")
    def is_told_once(self) -> Self:
        if (self.points is None) == (self.improvement_percent is None):
            raise ValueError("needs either improvement_percent or points")
        return self


class Series(Part):
    """One value of an instrument that is followed over time."""

    title: str
    lowest: int
    highest: int
    better: Literal["lower", "higher"]
    bands: tuple[Band, ...] = ()
    minimal_important_difference: Points | None = None
    reliable_change: ReliableChange | None = None
    """Null where nobody has agreed on one: then no change is called reliable."""
    caseness: Cut | None = None
    """From here on, towards the worse, a value is one of a clinical range."""
    clinical_cut: ClinicalCut | None = None
    expected: tuple[Expected, ...] = ()


class Measure(Part):
    """An instrument and what its values mean."""

    title: str
    looks_back_days: int = Field(ge=0)
    repeats: bool = True
    """Whether it may be asked in the course of treatment at all."""
    source: str
    series: dict[Word, Series] = Field(min_length=1)


class Schedule(Part):
    """How often an instrument is answered in a phase."""

    instrument: Word
    every: Every
    early_days: int = Field(ge=0)
    """Answered up to so many days before it is due, it counts as this one."""
    overdue_after_days: int = Field(ge=1)
    only_from: int | None = None
    """Only for clients whose total at the baseline was this or worse; null for everybody."""


class Phase(Part):
    """A part of a stay, from the first day of a week of the stay on, until the next begins."""

    name: Word
    from_week: int = Field(ge=1)
    levels: tuple[str, ...] = ()
    """Levels of care that it is for; empty for all."""
    schedules: tuple[Schedule, ...]


class Baseline(Part):
    """Which score of a stay its changes are counted from: the first valid one in these days."""

    before_days: int = Field(ge=0)
    after_days: int = Field(ge=0)
    source: str


class MeasurePolicy(Part):
    """One version of an organization's, or a site's, measurement-based care."""

    id: str
    version: str
    status: str
    source: str
    baseline: Baseline
    measures: dict[Word, Measure]
    phases: tuple[Phase, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def works(self) -> Self:
        refuse(self.id, flaws(self))
        return self

    def phase(self, level: str, week: int) -> Phase | None:
        """The phase of a week of a stay, counted from 1; None where none is for it yet."""
        fit = [
            p for p in self.phases if p.from_week <= week and (level in p.levels or not p.levels)
        ]
        return max(fit, key=lambda one: one.from_week, default=None)


At = tuple[str | int, ...]
Flaw = tuple[At, str]


def flaws(policy: MeasurePolicy) -> Iterator[Flaw]:
    """Where the data cannot work, and why."""
    for name, measure in policy.measures.items():
        for key, series in measure.series.items():
            for at, reason in _of_series(series):
                yield ("measures", name, "series", key, *at), reason
    for (m, one), (n, other) in combinations(enumerate(policy.phases), 2):
        if one.from_week == other.from_week and _overlap(one.levels, other.levels):
            yield ("phases", n, "from_week"), f"phase {m + 1} begins in that week already"
    for n, phase in enumerate(policy.phases):
        seen: set[str] = set()
        for m, schedule in enumerate(phase.schedules):
            at_schedule: At = ("phases", n, "schedules", m)
            if schedule.instrument in seen:
                yield (*at_schedule, "instrument"), "is there twice in this phase"
            seen.add(schedule.instrument)
            for at, reason in _of_schedule(policy, schedule):
                yield (*at_schedule, *at), reason


def _of_schedule(policy: MeasurePolicy, one: Schedule) -> Iterator[Flaw]:
    measure = policy.measures.get(one.instrument)
    days = DAYS[one.every]
    if measure is None:
        yield ("instrument",), f"there is no measure {one.instrument}"
        return
    if not measure.repeats:
        yield ("instrument",), f"{measure.title} is for intake only"
    elif measure.looks_back_days > days:
        reason = f"{measure.title} looks back {measure.looks_back_days} days, so not {one.every}"
        yield ("every",), reason
    if one.overdue_after_days >= days:
        yield ("overdue_after_days",), "must be less than the days between two of them"
    if one.early_days + one.overdue_after_days >= days:
        yield ("early_days",), "would reach back to where the one before is overdue"
    if one.only_from is not None:
        total = measure.series.get(TOTAL)
        if total is None:
            yield ("only_from",), f"{measure.title} has no total"
        elif not total.lowest < one.only_from <= total.highest:
            yield ("only_from",), "holds for everybody, or for nobody"


def _of_series(one: Series) -> Iterator[Flaw]:
    if one.lowest >= one.highest:
        yield ("highest",), "must be above the lowest"
        return
    starts = [band.from_ for band in one.bands]
    if starts and (starts[0] != one.lowest or starts[-1] > one.highest):
        yield ("bands",), f"must begin with {one.lowest} and not pass {one.highest}"
    if any(low >= high for low, high in pairwise(starts)):
        yield ("bands",), "must ascend"
    span = one.highest - one.lowest
    if one.reliable_change is not None and whole_points(one.reliable_change) > span:
        yield ("reliable_change",), f"no change of {span} points could be reliable"
    if one.minimal_important_difference and one.minimal_important_difference.points > span:
        yield ("minimal_important_difference",), f"is more than {span} points"
    if one.caseness is not None and not one.lowest <= one.caseness.at <= one.highest:
        yield ("caseness",), f"must lie from {one.lowest} to {one.highest}"
    if one.clinical_cut is not None:
        if not one.lowest <= one.clinical_cut.value < one.highest:
            yield ("clinical_cut",), f"must lie from {one.lowest} to below {one.highest}"
        if one.reliable_change is None:
            yield ("clinical_cut",), "needs a reliable change"
    days = [step.from_day for step in one.expected]
    if any(low >= high for low, high in pairwise(days)):
        yield ("expected",), "must ascend by from_day"


def _overlap(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    return not some or not others or bool(set(some) & set(others))


measure_policy = data_file(MeasurePolicy, __name__, "standard", by_site=True)
"""The policy in force, everywhere or at a site."""
