"""Missing answers: every set of them up to what is allowed, and beyond."""

from fractions import Fraction
from itertools import combinations, islice
from math import floor

import pytest

from services.intake.screening.policy import Instrument
from services.intake.screening.rules import Answer, Sex, half_up, score
from tests.unit.intake.forms import (
    AUDIT,
    AUDIT_C,
    BARC10,
    DAST10,
    GAD2,
    GAD7,
    NRS,
    PCL5,
    PHQ2,
    PHQ9,
    VAS,
)

SEXES: tuple[Sex, ...] = ("female", "male", "unknown")
CASES: list[tuple[Instrument, int, list[int]]] = [
    (PHQ9, 2, [2, 1, 3, 0, 1, 2, 1, 3, 1]),
    (GAD7, 1, [2, 1, 3, 0, 1, 2, 1]),
    (PHQ2, 0, [1, 1]),
    (GAD2, 0, [1, 1]),
    (AUDIT, 0, [1, 1, 0, 2, 0, 1, 0, 0, 2, 0]),
    (AUDIT_C, 0, [1, 1, 0]),
    (DAST10, 0, [1, 0, 1, 0, 1, 0, 0, 0, 0, 0]),
    (BARC10, 0, [3, 4, 2, 5, 3, 4, 3, 3, 4, 2]),
    (NRS, 0, [5]),
    (VAS, 0, [50]),
]


def without(row: list[int], places: tuple[int, ...]) -> list[Answer]:
    return [None if place in places else answer for place, answer in enumerate(row)]


def mean_of_the_others(row: list[int], places: tuple[int, ...]) -> int:
    """The total with each missing answer as the mean of those given, halves up."""
    given = [answer for place, answer in enumerate(row) if place not in places]
    return floor(Fraction(sum(given) * len(row), len(given)) + Fraction(1, 2))


@pytest.mark.parametrize(("one", "allowed", "row"), CASES, ids=lambda v: getattr(v, "id", ""))
def test_every_set_of_missing_answers_is_prorated_or_leaves_the_total_open(
    one: Instrument, allowed: int, row: list[int]
):
    for count in range(1, min(allowed + 2, len(row)) + 1):
        for places in combinations(range(len(row)), count):
            result = score(one, without(row, places))
            assert (result.answered, result.expected) == (len(row) - count, len(row))
            if count <= allowed:
                assert (result.status, result.prorated) == ("prorated", True)
                assert result.total == mean_of_the_others(row, places)
            else:
                assert (result.status, result.prorated) == ("incomplete", False)
                assert (result.total, result.band, result.scaled) == (None, None, None)


def test_nothing_is_scored_of_an_empty_form():
    for one, _, row in CASES:
        result = score(one, [None] * len(row))
        assert (result.status, result.total, result.positive) == ("incomplete", None, None)
        assert (result.answered, result.raw) == (0, 0)


def test_pcl_5_is_prorated_with_up_to_4_missing_but_not_with_both_of_cluster_c():
    row = [2, 0, 1, 4, 3, 1, 0, 2, 2, 1, 0, 3, 4, 1, 2, 2, 0, 1, 3, 1]
    for count in (1, 2, 3, 4):
        for places in islice(combinations(range(20), count), 0, None, 3):
            result = score(PCL5, without(row, places))
            if {5, 6} <= set(places):
                assert (result.status, result.total) == ("incomplete", None)
            else:
                assert result.total == mean_of_the_others(row, places)
    for places in islice(combinations(range(20), 5), 0, None, 29):
        assert score(PCL5, without(row, places)).status == "incomplete"
    assert score(PCL5, without(row, (5, 6))).status == "incomplete"
    assert score(PCL5, without(row, (5, 7, 14, 0))).status == "prorated"


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [(0, 7, 0), (72, 8, 9), (45, 10, 5), (44, 10, 4), (27, 2, 14), (5, 2, 3), (1, 3, 0), (2, 3, 1)],
)
def test_halves_are_rounded_up(numerator: int, denominator: int, rounded: int):
    assert half_up(numerator, denominator) == rounded


@pytest.mark.parametrize(
    ("one", "given_answers", "positive"),
    [
        (PHQ9, [3, 3, 3, 1, None, None, None, 0, 0], True),
        (PHQ9, [3, 3, 3, 0, None, None, None, 0, 0], None),
        (PHQ9, [0, 0, 0, 0, None, None, None, 0, 0], False),
        (PHQ9, [1, 0, 0, 0, None, None, None, 0, 0], None),
        (AUDIT, [1, 1, 1, 1, 1, 1, 1, 1, None, 0], True),
        (AUDIT, [1, 1, 1, 0, 0, 0, 0, 0, None, 0], False),
        (AUDIT, [1, 1, 1, 1, 0, 0, 0, 0, None, 0], None),
        (DAST10, [1, 1, 0, None, 0, 0, 0, 0, 0, 0], True),
        (DAST10, [1, 1, None, 0, 0, 0, 0, 0, 0, 0], None),
        (DAST10, [1, 0, None, 0, 0, 0, 0, 0, 0, 0], False),
    ],
)
def test_a_screen_is_decided_early_only_when_nothing_can_change_it(
    one: Instrument, given_answers: list[Answer], positive: bool | None
):
    for sex in SEXES:  # none of these cuts goes by sex
        result = score(one, given_answers, sex)
        assert (result.status, result.positive) == ("incomplete", positive)
