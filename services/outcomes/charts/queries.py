"""The course of a client by every measure, in one stay."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date
from itertools import groupby
from uuid import UUID

from services.outcomes.charts.schemas import (
    Course,
    CoursePoint,
    MeasureCourse,
    MeasuredChange,
    Reference,
)
from services.outcomes.charts.spec import chart_of
from services.outcomes.episodes.queries import stay_of
from services.outcomes.measures.policy import MeasurePolicy, Series, measure_policy, whole_points
from services.outcomes.measures.queries import course_of
from services.outcomes.measures.rules.change import Change, band_of
from services.outcomes.measures.rules.course import Point
from services.outcomes.scores.queries import StayScore, scores_of_stays
from shared.calendar import day_at
from shared.contracts.base import PolicyReference
from shared.database import Transaction
from shared.errors import NotFound


async def show_course(tx: Transaction, client_id: UUID, enrolment_id: UUID | None = None) -> Course:
    """The course in the stay that goes on, else the latest, or in the one that is named.

    Raises:
        NotFound: there is no such stay that the caller may see.
    """
    stay = await stay_of(tx, client_id, enrolment_id)
    policy = measure_policy(stay["site_id"])
    enrolled_on = day_at(stay["enrolled_at"], stay["time_zone"])
    scores = await scores_of_stays(tx, [stay["enrolment_id"]])
    courses = (
        _course(policy, enrolled_on, key, of_it)
        for of_it in _by_version(scores)
        if (measure := policy.measures.get(of_it[0].instrument))
        for key in measure.series
    )
    return Course(
        client_id=client_id,
        site_id=stay["site_id"],
        enrolment_id=stay["enrolment_id"],
        policy=PolicyReference(id=policy.id, version=policy.version),
        measures=[one for one in courses if one is not None],
    )


def one_of(shown: Course, instrument: str, series: str, version: str | None) -> MeasureCourse:
    """One measure of a course; without a version that of the latest score.

    Raises:
        NotFound: there is no score of it in the stay.
    """
    fit = [
        one
        for one in shown.measures
        if (one.instrument, one.series) == (instrument, series)
        and version in (None, one.instrument_version)
    ]
    if not fit:
        raise NotFound("There is no such measure in this stay.")
    return max(fit, key=lambda one: one.points[-1].answered_on)


def _by_version(scores: Sequence[StayScore]) -> Iterator[list[StayScore]]:
    """Scores of one version of an instrument, as those of two are no course."""

    def version(score: StayScore) -> tuple[str, str]:
        return score.instrument, score.instrument_version

    for _, of_it in groupby(sorted(scores, key=version), version):
        yield list(of_it)


def _course(
    policy: MeasurePolicy, enrolled_on: date, key: str, scores: list[StayScore]
) -> MeasureCourse | None:
    """One series, or None where no score of the stay has a value of it."""
    instrument, version = scores[0].instrument, scores[0].instrument_version
    measure = policy.measures[instrument]
    series = measure.series[key]
    points, it = course_of(policy, enrolled_on, instrument, key, scores)
    if not points:
        return None
    shown = [_point(series, p, change) for p, change in zip(points, it.changes, strict=True)]
    first = None if it.baseline is None else shown[points.index(it.baseline)]
    return MeasureCourse(
        instrument=instrument,
        instrument_version=version,
        series=key,
        title=measure.title,
        measures=series.title,
        better=series.better,
        baseline=first,
        points=shown,
        latest=it.latest and MeasuredChange(**asdict(it.latest)),
        on_track=it.on_track,
        rules=list(it.rules),
        **_references(series),
        chart=chart_of(measure, series, shown, first, it.rules),
    )


def _point(series: Series, point: Point, change: Change | None) -> CoursePoint:
    return CoursePoint(
        **asdict(point),
        band=band_of(series, point.value),
        improvement=change and change.improvement,
        important=change and change.important,
        reliable=change and change.reliable,
    )


def _references(series: Series) -> dict[str, Reference | None]:
    names = ("minimal_important_difference", "reliable_change", "clinical_cut", "caseness")
    found: dict[str, Reference | None] = dict.fromkeys(names)

    def note(name: str, value: float, method: str, source: str) -> None:
        found[name] = Reference(value=value, method=method, source=source)

    if points := series.minimal_important_difference:
        note("minimal_important_difference", points.points, "published", points.source)
    if rule := series.reliable_change:
        note("reliable_change", whole_points(rule), rule.method, rule.source)
    if cut := series.clinical_cut:
        by_samples = "jacobson_truax_c" if cut.at is None else "published"
        note("clinical_cut", round(cut.value, 2), by_samples, cut.source)
    if case := series.caseness:
        note("caseness", case.at, "published", case.source)
    return found
