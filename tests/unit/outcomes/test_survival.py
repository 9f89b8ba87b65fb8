"""Curves of how long stays last, against vectors and against exact products."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.outcomes.programs.rules.survival import (
    Span,
    at,
    at_risk_after,
    curves,
    limits,
    median,
)
from tests.support.program_figures import Days, product

VECTOR = list(zip((5, 5, 5, 8, 8, 12, 12, 15, 20, 20), (1, 2, 0, 1, 2, 1, 0, 2, 1, 0), strict=True))
"""Ten stays and their ends, 0 being none."""


def ended(*days: int) -> list[Span]:
    return [Span(0, day, "ended") for day in days]


@st.composite
def cohorts(draw: st.DrawFn) -> list[Span]:
    """Stays with ties, late entries, ends on the first day and several ends."""
    spans = []
    for _ in range(draw(st.integers(1, 25))):
        entry = draw(st.sampled_from([0, 0, 0, 2, 5]))
        exit_ = entry + draw(st.integers(0 if entry == 0 else 1, 12))
        spans.append(Span(entry, exit_, draw(st.sampled_from([None, "lost", "completed"]))))
    return spans


def as_fractions(spans: list[Span]) -> Days:
    return [(s.entry, Fraction(s.halves[1], 2), s.end) for s in spans]


@pytest.mark.parametrize(
    ("days", "half"),
    [
        ((1, 2, 3, 4, 5, 6), 3.5),
        ((1, 2, 3), 2),
        (range(1, 9), 4.5),
        (range(1, 15), 7.5),
        (range(1, 19), 9.5),
        ((0, 0, 4, 9), 2.25),
    ],
)
def test_the_median_of_an_even_number_lies_between_the_two_in_the_middle(days, half):
    assert median(curves(ended(*days))) == half


def test_a_median_that_is_not_reached_is_none():
    going_on = [Span(0, 40, None)] * 3
    steps = curves([*ended(10, 20), *going_on])
    assert median(steps) is None
    assert [(s.day, s.survival) for s in steps] == [
        (10, pytest.approx(0.8)),
        (20, pytest.approx(0.6)),
    ]
    assert median([]) is None


def test_at_one_half_to_the_end_it_is_the_day_on_which_the_curve_comes_there():
    assert median(curves([*ended(10, 20), Span(0, 30, None), Span(0, 30, None)])) == 20


def test_competing_ends_add_up_exactly():
    steps = curves([Span(0, day, str(cause) if cause else None) for day, cause in VECTOR])
    found = {step.day: step.incidence["1"] for step in steps}
    for day, share in ((5, 0.1), (12, 0.3286), (20, 0.4810)):
        assert found[day] == pytest.approx(share, abs=5e-5)
    for step in steps:
        assert step.survival + sum(step.incidence.values()) == pytest.approx(1, abs=1e-12)


def test_a_stay_of_one_day_is_at_risk_when_it_ends():
    (first, *_) = curves([Span(0, 0, "lost"), *ended(3, 4, 5)])
    assert (first.day, first.at_risk, first.survival) == (0.5, 4, 0.75)


def test_who_enters_on_the_day_of_an_end_is_not_at_risk_of_it():
    (first, *_) = curves([*ended(5, 9), Span(5, 9, None)])
    assert (first.day, first.at_risk) == (5, 2)


def test_there_are_no_limits_where_nobody_or_everybody_is_left():
    (only,) = curves(ended(3, 3))
    assert (only.survival, only.low, only.high) == (0, None, None)
    assert limits(1.0, 0.0) == (None, None)


@settings(max_examples=60, deadline=None)
@given(cohorts())
def test_curves_equal_the_products_of_fractions(spans: list[Span]):
    steps, exact = curves(spans), as_fractions(spans)
    for day in range(0, 18, 3):
        survival, shares = product(exact, day)
        step = at(steps, day)
        assert (step.survival if step else 1) == pytest.approx(float(survival), abs=1e-9)
        for end, share in (step.incidence if step else {}).items():
            assert share == pytest.approx(float(shares[end]), abs=1e-9)
        assert at_risk_after(spans, day) == sum(e <= day < out for e, out, _ in exact)


@settings(max_examples=60, deadline=None)
@given(cohorts())
def test_limits_lie_around_the_estimate(spans: list[Span]):
    for step in curves(spans):
        if step.low is not None and step.high is not None:
            assert 0 < step.low <= step.survival <= step.high < 1
