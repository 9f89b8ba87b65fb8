"""Reliable and clinically significant change, against published worked examples."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.outcomes.measures.policy import (
    ClinicalCut,
    EdwardsNunnally,
    JacobsonTruax,
    Sample,
    Series,
    measure_policy,
    whole_points,
)
from services.outcomes.measures.queries import course_of
from services.outcomes.measures.rules.change import band_of, change, reliable_change
from services.outcomes.measures.rules.course import Course, Point, course
from services.outcomes.scores.queries import StayScore
from tests.year.ledger.measures import outcome_of

PHQ9 = measure_policy().measures["phq-9"].series["total"]
GAD7 = measure_policy().measures["gad-7"].series["total"]
PCL5 = measure_policy().measures["pcl-5"].series["total"]
BAM = measure_policy().measures["bam"].series
BARC10 = measure_policy().measures["barc-10"].series["total"]
ADMITTED = date(2026, 2, 23)


def jacobson_truax(sd: float, reliability: float) -> JacobsonTruax:
    return JacobsonTruax(method="jacobson_truax", sd=sd, reliability=reliability, source="-")


def test_the_worked_example_of_jacobson_and_truax() -> None:
    """Marital satisfaction, 1991: means 40 and 60, SD 7.5, reliability .80, from 32.5 to 47.5."""
    rule = jacobson_truax(7.5, 0.8)
    assert rule.error == pytest.approx(4.74, abs=0.005)
    couple = Series(
        title="Satisfaction",
        lowest=0,
        highest=1000,
        better="higher",
        reliable_change=jacobson_truax(75, 0.8),  # in tenths of a point, as scores are whole
        clinical_cut=ClinicalCut(
            clinical=Sample(mean=400, sd=75), others=Sample(mean=600, sd=75), source="-"
        ),
    )
    found = change(couple, 325, 475)
    assert found.index == pytest.approx(3.16, abs=0.005)
    assert couple.clinical_cut is not None
    assert couple.clinical_cut.value == 500  # criterion c: 50
    assert (found.reliable, found.clinically_significant) == ("improvement", False)
    assert change(couple, 325, 525).clinically_significant is True


@pytest.mark.parametrize(
    ("sd", "reliability", "error", "threshold", "points"),
    [
        (6.1, 0.89, 2.8612, 5.6079, 6),
        (6.1, 0.84, 3.4507, 6.7633, 7),
        (4.7, 0.92, 1.8800, 3.6848, 4),
        (4.7, 0.83, 2.7405, 5.3715, 6),
        (14.72, 0.94, 5.0992, 9.9943, 10),
        (14.72, 0.82, 8.8320, 17.3107, 18),
        (9.0, 0.86, 4.7624, 9.3342, 10),
        (8.0, 0.90, 3.5777, 7.0123, 8),
    ],
)
def test_thresholds_by_reference_values(
    sd: float, reliability: float, error: float, threshold: float, points: int
) -> None:
    rule = jacobson_truax(sd, reliability)
    assert rule.error == pytest.approx(error, abs=5e-5)
    assert rule.threshold == pytest.approx(threshold, abs=5e-5)
    assert whole_points(rule) == points


@pytest.mark.parametrize(
    ("before", "after", "index", "important", "outcome"),
    [
        (18, 9, -3.1456, "improvement", "reliably_improved"),
        (18, 8, -3.4951, "improvement", "recovered"),
        (18, 13, -1.7475, "improvement", "no_reliable_change"),
        (18, 12, -2.0971, "improvement", "reliably_improved"),
        (9, 15, 2.0971, "deterioration", "reliably_deteriorated"),
        (12, 12, 0, "none", "no_reliable_change"),
        (5, 1, -1.3980, "none", "not_classifiable"),
        (6, 2, -1.3980, "none", "no_reliable_change"),
        (3, 9, 2.0971, "deterioration", "reliably_deteriorated"),
    ],
)
def test_phq_9(before: int, after: int, index: float, important: str, outcome: str) -> None:
    found = change(PHQ9, before, after)
    assert found.index == pytest.approx(index, abs=5e-5)
    assert (found.important, found.outcome) == (important, outcome)
    assert PHQ9.clinical_cut is not None
    assert PHQ9.clinical_cut.value == pytest.approx(8.597, abs=5e-4)


def test_recovery_is_from_a_case_to_none_and_reliable_recovery_is_reliable_too() -> None:
    recovered = change(PHQ9, 11, 9)
    assert (recovered.recovery, recovered.reliable_recovery) == (True, False)
    both = change(PHQ9, 16, 9)
    assert (both.recovery, both.reliable_recovery, both.clinically_significant) == (
        True,
        True,
        False,
    )
    assert change(PHQ9, 9, 2).recovery is None
    assert change(PHQ9, 10, 10).recovery is False
    assert change(GAD7, 8, 7).recovery is True


def test_pcl_5_by_published_points() -> None:
    assert change(PCL5, 50, 36).reliable == "none"
    found = change(PCL5, 50, 35)
    assert (found.reliable, found.index, found.clinically_significant) == (
        "improvement",
        None,
        False,
    )
    assert change(PCL5, 45, 28).outcome == "recovered"
    assert change(PCL5, 28, 10).clinically_significant is None
    assert change(PCL5, 20, 35).outcome == "reliably_deteriorated"


def test_more_is_better_where_the_instrument_says_so() -> None:
    found = change(BARC10, 40, 48)
    assert (found.improvement, found.reliable, found.recovery) == (8, "improvement", True)
    assert found.outcome == "recovered"
    assert change(BARC10, 40, 32).outcome == "reliably_deteriorated"
    assert change(BARC10, 55, 58).outcome == "not_classifiable"
    assert change(BAM["protective"], 10, 13).recovery is True
    assert change(BAM["use"], 3, 0).improvement == 3


def test_without_an_agreed_rule_no_change_is_called_reliable() -> None:
    found = change(BAM["risk"], 20, 4)
    assert (found.reliable, found.reliable_recovery, found.outcome) == (
        None,
        None,
        "not_classifiable",
    )


def regressed(before: int, after: int) -> tuple[str | None, float | None]:
    rule = EdwardsNunnally(method="edwards_nunnally", mean=14, sd=6, reliability=0.8, source="-")
    series = PHQ9.model_copy(update={"reliable_change": rule, "clinical_cut": None})
    return reliable_change(series, before, after)


def test_edwards_and_nunnally_expect_regression_to_the_mean() -> None:
    """20 regresses to 18.8, with an interval of 1.96 times 2.6833 around it: 13.54 to 24.06."""
    assert regressed(20, 14)[0] == "none"
    direction, index = regressed(20, 13)
    assert (direction, index) == ("improvement", pytest.approx(-2.1615, abs=5e-5))
    assert regressed(20, 25)[0] == "deterioration"
    assert regressed(2, 8)[0] == "none"
    assert regressed(27, 26)[0] == "none"


def test_bands() -> None:
    assert [band_of(PHQ9, total) for total in (0, 4, 5, 9, 10, 14, 15, 19, 20, 27)] == [
        *["minimal"] * 2,
        *["mild"] * 2,
        *["moderate"] * 2,
        *["moderately_severe"] * 2,
        *["severe"] * 2,
    ]
    assert band_of(PCL5, 60) is None


def followed(*values: tuple[int, int], first: int | None = 0) -> Course:
    """A course of PHQ-9 by (day, total); the baseline is one of them by its place."""
    points = [
        Point(UUID(int=n), ADMITTED + timedelta(day), total)
        for n, (day, total) in enumerate(values)
    ]
    return course(PHQ9, points, None if first is None else points[first])


def test_on_track_says_its_rules() -> None:
    early = followed((0, 18), (14, 17))
    assert (early.on_track, [rule.name for rule in early.rules]) == (
        True,
        ["no_reliable_deterioration"],
    )
    late = followed((0, 18), (14, 17), (28, 15))
    assert late.on_track is False
    (deterioration, expected) = late.rules
    assert (deterioration.met, expected.met) == (True, False)
    assert expected.observed == "better by 3 points after 28 days"
    assert expected.required == "better by at least 20 % of 18 points from day 28 on"
    assert followed((0, 18), (28, 14)).on_track is True
    assert followed((0, 18), (56, 10)).on_track is False
    assert followed((0, 18), (56, 9)).on_track is True
    assert followed((0, 12), (7, 18)).on_track is False
    assert [rule.name for rule in followed((0, 9), (28, 9)).rules] == ["no_reliable_deterioration"]


def test_without_a_baseline_or_a_later_score_nothing_is_said() -> None:
    for nothing in (
        followed((0, 18)),
        followed((20, 18), (34, 9), first=None),
        followed(first=None),
    ):
        assert (nothing.latest, nothing.on_track, nothing.rules) == (None, None, ())
    before = followed((-20, 22), (-2, 18), (14, 9), first=1)
    assert [one and one.improvement for one in before.changes] == [None, None, 9]


def test_points_and_cuts_carry_their_sources() -> None:
    for measure in measure_policy().measures.values():
        for series in measure.series.values():
            for one in (
                series.minimal_important_difference,
                series.reliable_change,
                series.caseness,
                series.clinical_cut,
                *series.expected,
            ):
                assert one is None or len(one.source) > 5


ALL_SERIES = [
    series for measure in measure_policy().measures.values() for series in measure.series.values()
]


@settings(max_examples=200, deadline=None)
@given(series=st.sampled_from(ALL_SERIES), before=st.floats(0, 1), after=st.floats(0, 1))
def test_every_outcome_is_that_of_a_computation_that_shares_nothing(
    series: Series, before: float, after: float
) -> None:
    span = series.highest - series.lowest
    one, other = (series.lowest + round(share * span) for share in (before, after))
    assert change(series, one, other).outcome == outcome_of(series.model_dump(), one, other)


def test_the_first_score_is_of_a_week_before_to_two_weeks_after_the_admission():
    policy, admitted = measure_policy(), date(2026, 1, 15)

    def score(day: date, total: int | None) -> StayScore:
        return StayScore(
            UUID(int=1), UUID(int=day.toordinal()), "phq-9", "1.0", day, False, total, None, {}
        )

    later = score(date(2026, 3, 1), 2)
    for off, measured in ((-8, False), (-7, True), (14, True), (15, False)):
        first = score(admitted + timedelta(days=off), 20)
        _, found = course_of(policy, admitted, "phq-9", "total", [first, later])
        assert (found.latest is not None) == measured
    open_one = score(admitted, None)
    points, found = course_of(policy, admitted, "phq-9", "total", [open_one, later])
    assert ([one.value for one in points], found.baseline) == ([2], None)
