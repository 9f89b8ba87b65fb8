"""Scoring held against the published vectors of each instrument, and against its own laws."""

from fractions import Fraction
from functools import cache
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.screening.policy import Instrument
from services.intake.screening.rules import Answer, check, score
from tests.unit.intake.forms import AUDIT, AUDIT_C, DAST10, GAD7, PHQ9, answers

EVERY = [PHQ9, GAD7, AUDIT, AUDIT_C, DAST10]


@pytest.mark.parametrize(
    ("given_answers", "total", "status", "band", "safety"),
    [
        ("0 0 0 0 0 0 0 0 0", 0, "complete", "minimal", "negative"),
        ("1 1 1 1 0 0 0 0 0", 4, "complete", "minimal", "negative"),
        ("1 1 1 1 1 0 0 0 0", 5, "complete", "mild", "negative"),
        ("2 2 1 1 1 1 1 0 0", 9, "complete", "mild", "negative"),
        ("1 1 1 2 1 1 1 1 1", 10, "complete", "moderate", "positive"),
        ("2 2 2 2 2 1 2 1 0", 14, "complete", "moderate", "negative"),
        ("2 2 2 2 2 2 2 2 2", 18, "complete", "moderately_severe", "positive"),
        ("3 3 2 2 2 2 2 2 2", 20, "complete", "severe", "positive"),
        ("3 3 3 3 3 3 3 3 3", 27, "complete", "severe", "positive"),
        ("0 0 0 0 0 0 0 0 1", 1, "complete", "minimal", "positive"),
        ("2 2 1 - 1 1 1 - 0", 10, "prorated", "moderate", "negative"),
        ("1 1 - - - 1 1 1 0", None, "incomplete", None, "negative"),
        ("2 2 2 2 1 1 1 1 -", 14, "prorated", "moderate", "unknown"),
        ("1 0 0 1 0 0 0 - 2", 5, "prorated", "mild", "positive"),
    ],
)
def test_phq_9_vectors(
    given_answers: str, total: int | None, status: str, band: str | None, safety: str
):
    result = score(PHQ9, answers(given_answers))
    assert (result.total, result.status, result.band, result.safety_item) == (
        total,
        status,
        band,
        safety,
    )


def test_a_prorated_total_decides_though_the_missing_answers_could_reach_the_cut():
    result = score(PHQ9, answers("1 1 1 1 1 1 1 - -"))
    assert (result.raw, result.total, result.positive) == (7, 9, False)
    assert score(PHQ9, answers("2 1 1 1 1 1 1 - -")).positive is True
    assert score(PHQ9, answers("2 1 1 1 1 1 - - -")).positive is None


@pytest.mark.parametrize(
    ("given_answers", "total", "syndrome"),
    [
        ("2 2 2 2 1 1 1 1 1", 13, "major"),
        ("1 1 3 3 3 3 3 3 0", 20, "none"),
        ("2 0 2 2 2 0 0 0 0", 8, "other"),
        ("2 0 2 2 2 0 0 0 1", 9, "major"),
    ],
)
def test_the_phq_9_algorithm_is_separate_from_the_sum(
    given_answers: str, total: int, syndrome: str
):
    result = score(PHQ9, answers(given_answers))
    assert (result.total, result.syndrome) == (total, syndrome)


def test_a_missing_answer_leaves_the_phq_9_algorithm_open_without_a_note():
    result = score(PHQ9, answers("2 2 2 2 2 2 2 - 0"))
    assert (result.syndrome, result.notes, result.total) == (None, (), 16)


@pytest.mark.parametrize(
    ("given_answers", "total", "status", "band"),
    [
        ("0 0 0 0 0 0 0", 0, "complete", "minimal"),
        ("1 1 1 1 0 0 0", 4, "complete", "minimal"),
        ("1 1 1 1 1 0 0", 5, "complete", "mild"),
        ("2 2 1 1 1 1 1", 9, "complete", "mild"),
        ("2 2 2 2 2 1 1", 12, "complete", "moderate"),
        ("3 3 2 2 2 2 0", 14, "complete", "moderate"),
        ("2 2 2 2 2 2 3", 15, "complete", "severe"),
        ("3 3 3 3 3 3 3", 21, "complete", "severe"),
        ("2 2 - 1 1 1 1", 9, "prorated", "mild"),
        ("2 - - 1 1 1 1", None, "incomplete", None),
    ],
)
def test_gad_7_vectors(given_answers: str, total: int | None, status: str, band: str | None):
    result = score(GAD7, answers(given_answers))
    assert (result.total, result.status, result.band) == (total, status, band)


@pytest.mark.parametrize(
    ("given_answers", "total", "zone", "audit_c", "men", "women"),
    [
        ("0 0 0 0 0 0 0 0 0 0", 0, "zone_1", 0, False, False),
        ("2 1 1 1 0 0 1 1 0 0", 7, "zone_1", 4, True, True),
        ("2 1 1 1 0 0 1 0 0 2", 8, "zone_2", 4, True, True),
        ("4 2 2 1 1 0 2 1 2 0", 15, "zone_2", 8, True, True),
        ("4 2 3 2 1 1 2 1 0 0", 16, "zone_3", 9, True, True),
        ("4 4 3 3 2 1 1 1 0 0", 19, "zone_3", 11, True, True),
        ("4 3 4 3 2 1 2 2 2 4", 27, "zone_4", 11, True, True),
        ("4 4 4 4 4 4 4 4 4 4", 40, "zone_4", 12, True, True),
        ("3 0 0 n n n n n 0 4", 7, "zone_1", 3, False, True),
    ],
)
def test_audit_vectors(
    given_answers: str, total: int, zone: str, audit_c: int, men: bool, women: bool
):
    given_all = answers(given_answers)
    assert check(AUDIT, given_all) == []
    result = score(AUDIT, given_all)
    assert (result.total, result.band) == (total, zone)
    short = given_all[:3]
    assert score(AUDIT_C, short).total == audit_c
    assert score(AUDIT_C, short, "male").positive is men
    assert score(AUDIT_C, short, "female").positive is women
    assert score(AUDIT_C, short, "unknown").positive is women


def test_audit_c_notes_when_all_points_come_from_the_first_item():
    assert score(AUDIT_C, answers("3 0 0")).notes == ("all_points_from_one_item",)
    assert score(AUDIT_C, answers("3 1 0")).notes == ()
    assert score(AUDIT_C, answers("0 0 0")).notes == ()


@pytest.mark.parametrize("value", [1, 3])
@pytest.mark.parametrize("item", [9, 10])
def test_audit_items_9_and_10_take_only_0_2_and_4(item: int, value: int):
    given_answers: list[Answer] = [0] * 10
    given_answers[item - 1] = value
    assert [wrong.item for wrong in check(AUDIT, given_answers)] == [item - 1]


def test_an_audit_item_is_skipped_only_by_the_instruments_own_rule():
    assert check(AUDIT, answers("0 n n n n n n n 0 0")) == []
    assert [w.item for w in check(AUDIT, answers("2 1 1 n 0 0 0 0 0 0"))] == [3]


def test_an_audit_with_a_missing_item_has_no_total_but_may_be_positive_early():
    result = score(AUDIT, answers("4 4 - 0 0 0 0 0 0 0"))
    assert (result.total, result.band, result.positive) == (None, None, True)
    assert score(AUDIT, answers("1 1 - 0 0 0 0 0 0 0")).positive is False
    assert score(AUDIT, answers("3 1 - 0 0 0 0 0 0 0")).positive is None


@pytest.mark.parametrize(
    ("given_answers", "total", "band"),
    [
        ("N N Y N N N N N N N", 0, "none"),
        ("N N N N N N N N N N", 1, "low"),
        ("Y N N N N N N N N N", 2, "low"),
        ("Y Y N N Y N N N N N", 4, "moderate"),
        ("Y Y N Y Y Y N N N N", 6, "substantial"),
        ("Y Y N Y Y Y Y Y Y N", 9, "severe"),
        ("Y Y N Y Y Y Y Y Y Y", 10, "severe"),
    ],
)
def test_dast_10_vectors(given_answers: str, total: int, band: str):
    result = score(DAST10, answers(given_answers))
    assert (result.total, result.band) == (total, band)


def test_dast_10_warns_when_no_use_and_no_ability_to_stop_are_claimed_together():
    assert score(DAST10, answers("N N N N N N N N N N")).notes == ("answers_contradict_each_other",)
    assert score(DAST10, answers("Y N N N N N N N N N")).notes == ()


@cache
def filled(instrument: Instrument) -> st.SearchStrategy[list[Answer]]:
    return st.tuples(*[st.sampled_from([*item.values, None]) for item in instrument.items]).map(
        list
    )


def any_responses() -> st.SearchStrategy[tuple[Instrument, list[Answer]]]:
    return st.one_of([st.tuples(st.just(one), filled(one)) for one in EVERY])


@given(any_responses())
def test_a_total_is_the_exact_prorated_sum_rounded_half_up(
    responses: tuple[Instrument, list[Answer]],
):
    instrument, given_answers = responses
    result = score(instrument, given_answers)
    missing = given_answers.count(None)
    assert instrument.total is not None
    assert result.raw is not None
    if missing > instrument.total.missing_allowed:
        assert (result.total, result.band, result.status) == (None, None, "incomplete")
        return
    exact = Fraction(result.raw * len(given_answers), len(given_answers) - missing)
    assert result.total == floor(exact + Fraction(1, 2))
    assert result.status == ("prorated" if missing else "complete")
    assert 0 <= result.total <= sum(max(item.values) for item in instrument.items)


@given(filled(PHQ9))
def test_the_safety_item_decides_alone(given_answers: list[Answer]):
    item = given_answers[8]
    expected = "unknown" if item is None else "positive" if item else "negative"  # type: ignore[truthy-bool]
    assert score(PHQ9, given_answers).safety_item == expected


@given(any_responses(), st.data())
def test_answering_a_missing_item_never_turns_a_positive_screen_negative(
    responses: tuple[Instrument, list[Answer]], data: st.DataObject
):
    instrument, given_answers = responses
    before = score(instrument, given_answers)
    open_items = [n for n, answer in enumerate(given_answers) if answer is None]
    if before.status != "incomplete" or before.positive is None or not open_items:
        return
    place = data.draw(st.sampled_from(open_items))
    given_answers[place] = data.draw(st.sampled_from(instrument.items[place].values))
    after = score(instrument, given_answers)
    if after.status == "incomplete":
        assert after.positive is before.positive


@given(any_responses())
def test_a_missing_answer_is_not_a_zero(responses: tuple[Instrument, list[Answer]]):
    instrument, given_answers = responses
    assert score(instrument, given_answers).answered == sum(a is not None for a in given_answers)


def test_audit_c_may_skip_what_abstinence_makes_pointless():
    assert check(AUDIT_C, answers("0 n n")) == []
    assert score(AUDIT_C, answers("0 n n")).total == 0
    assert [wrong.item for wrong in check(AUDIT_C, answers("1 n 0"))] == [1]


def test_only_audit_and_audit_c_know_items_that_are_not_asked():
    for instrument in (PHQ9, GAD7, DAST10):
        skipping: list[Answer] = [0] * len(instrument.items)
        skipping[-1] = "not_asked"
        assert [wrong.item for wrong in check(instrument, skipping)] == [len(skipping) - 1]


def test_a_skipped_item_counts_as_zero_and_a_missing_one_leaves_the_total_open():
    assert score(AUDIT, answers("0 n n n n n n n 0 0")).total == 0
    assert score(AUDIT, answers("0 - n n n n n n 0 0")).total is None


@given(any_responses(), st.data())
def test_more_points_on_an_item_never_lower_a_total(
    responses: tuple[Instrument, list[Answer]], data: st.DataObject
):
    instrument, given_answers = responses
    before = score(instrument, given_answers)
    place = data.draw(st.integers(0, len(given_answers) - 1))
    item, now = instrument.items[place], given_answers[place]
    more = [
        v for v in item.values if isinstance(now, int) and (v < now if item.reversed else v > now)
    ]
    if not more:
        return
    given_answers[place] = data.draw(st.sampled_from(more))
    after = score(instrument, given_answers)
    assert (after.raw or 0) > (before.raw or 0)
    if before.total is not None and after.total is not None:
        assert after.total >= before.total
    assert not (before.positive and not after.positive)


@given(any_responses())
def test_a_prorated_total_is_never_below_what_was_answered(
    responses: tuple[Instrument, list[Answer]],
):
    result = score(*responses)
    assert result.total is None or result.total >= (result.raw or 0)
