"""Laws that hold for every instrument, whatever its definition says."""

from datetime import UTC, datetime
from functools import cache
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.screening.policy import Instrument
from services.intake.screening.results import findings_of, result_of, score_of, told_score
from services.intake.screening.rules import Answer, Sex, check, not_asked, score, with_skips
from shared.contracts.intake import InstrumentScore, Score
from shared.datafiles import parse
from tests.unit.intake.forms import AUDIT, BAM, C_SSRS, EVERY, PC_PTSD5, PHQ9, answers, bam

MADE_UP = parse(
    Instrument, Path(__file__).with_name("made_up.yaml").read_text(encoding="utf-8"), "made_up.yaml"
)
ALL = [*EVERY, MADE_UP]
WHEN = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
SEXES: tuple[Sex, ...] = ("female", "male", "unknown")


@cache
def rows(one: Instrument) -> st.SearchStrategy[list[Answer]]:
    """Rows in which an answer of each item may be missing, or skipped where it may be."""
    items = [st.sampled_from([*item.values, None]) for item in one.items]
    return st.tuples(*items).map(lambda row: with_skips(one, row))


def some(instruments: list[Instrument]) -> st.SearchStrategy[tuple[Instrument, list[Answer]]]:
    return st.one_of([st.tuples(st.just(one), rows(one)) for one in instruments])


SUMS = [one for one in ALL if one.total is not None]


@given(some(SUMS), st.sampled_from(SEXES), st.data())
def test_an_early_screen_is_that_of_every_completion(
    given_row: tuple[Instrument, list[Answer]], sex: Sex, data: st.DataObject
):
    one, row = given_row
    early = score(one, row, sex)
    if early.total is not None or early.positive is None:
        return
    completed: list[Answer] = [
        data.draw(st.sampled_from(item.values)) if answer is None else answer
        for item, answer in zip(one.items, row, strict=True)
    ]
    assert score(one, completed, sex).positive is early.positive


@given(some(SUMS))
def test_a_total_never_leaves_its_range(given_row: tuple[Instrument, list[Answer]]):
    one, row = given_row
    assert one.total is not None
    items = [item for item in one.items if item.number in one.total.items]
    result = score(one, row)
    if result.total is not None:
        assert sum(min(item.values) for item in items) <= result.total
        assert result.total <= sum(max(item.values) for item in items)
        assert (result.band is None) == (not one.bands)
        assert result.status in ("complete", "prorated")
    assert (result.positive is None) or one.positive_from


@given(some(ALL))
def test_what_was_asked_was_answered_or_is_missing(given_row: tuple[Instrument, list[Answer]]):
    one, row = given_row
    result = score(one, row)
    assert result.expected - result.answered == row.count(None)
    assert len(one.items) - result.expected == row.count("not_asked")


@given(some(ALL), st.sampled_from(SEXES))
def test_the_same_answers_always_say_the_same(given_row: tuple[Instrument, list[Answer]], sex: Sex):
    one, row = given_row
    assert score(one, row, sex) == score(one, tuple(row), sex)
    assert check(one, row) == check(one, tuple(row))


@given(some(ALL))
def test_what_a_rule_skips_may_be_skipped_and_nothing_else(
    given_row: tuple[Instrument, list[Answer]],
):
    one, row = given_row
    skipped = not_asked(one, row)
    for place in range(len(row)):
        skipping: list[Answer] = [*row[:place], "not_asked", *row[place + 1 :]]
        refused = {wrong.item for wrong in check(one, skipping)}
        if not_asked(one, skipping) == skipped:
            assert (place in refused) == (place not in skipped)


@pytest.mark.parametrize("one", [AUDIT, C_SSRS, BAM, MADE_UP], ids=lambda one: one.id)
@settings(max_examples=25)
@given(st.data())
def test_the_order_of_skips_changes_nothing(one: Instrument, data: st.DataObject):
    row = data.draw(rows(one))
    for order in permutations(one.skips):
        other = one.model_copy(update={"skips": order})
        assert not_asked(other, row) == not_asked(one, row)
        assert check(other, row) == check(one, row)
        assert score(other, row) == score(one, row)


@given(rows(PHQ9), st.integers(0, 7))
def test_no_other_answer_changes_what_item_9_raises(row: list[Answer], place: int):
    alerts = score(PHQ9, row).alerts
    for answer in (None, 0, 3):
        row[place] = answer
        assert score(PHQ9, row).alerts == alerts


@given(rows(C_SSRS), st.integers(0, 6))
def test_one_more_yes_never_lowers_a_c_ssrs_level(row: list[Answer], place: int):
    order = ["none", "low", "moderate", "undetermined", "high"]
    before = score(C_SSRS, row)
    if before.level == "undetermined" or row[place] is None:
        return
    row[place] = 1
    after = score(C_SSRS, row)
    assert order.index(after.level or "") >= order.index(before.level or "")


@given(some(ALL), st.sampled_from(SEXES))
def test_a_result_is_told_without_its_answers(given_row: tuple[Instrument, list[Answer]], sex: Sex):
    one, row = given_row
    result = result_of(one, row, sex)
    said = score(one, row, sex)
    assert (result.instrument, result.instrument_version) == (one.id, one.version)
    assert (result.scoring_version, result.total, result.level) == ("2", said.total, said.level)
    assert [(alert.kind, alert.severity) for alert in result.alerts] == [*said.alerts]
    assert {finding.found_in for finding in findings_of(result)} <= {one.id}
    assert [(f.kind, f.severity) for f in findings_of(result)] == [*said.alerts]
    told = score_of(result, WHEN)
    assert isinstance(told, InstrumentScore)
    assert (told.total, told.band, told.positive) == (
        said.total,
        said.band or said.level,
        said.positive,
    )
    assert [(part.subscale, part.total) for part in told.subscores] == [
        (part.key, part.total) for part in said.subscores
    ]


def test_readers_of_scores_get_the_five_instruments_that_they_knew():
    told = {}
    for one in EVERY:
        row: list[Answer] = [item.values[-1] for item in one.items]
        told[one.id] = told_score(one, result_of(one, row, "female"), WHEN)
    assert {name for name, score in told.items() if score} == {
        "phq-9",
        "gad-7",
        "audit-c",
        "audit",
        "dast-10",
    }
    assert told["audit"] == Score(
        instrument="audit",
        instrument_version="1.0",
        status="complete",
        total=40,
        band="zone IV",
        positive=True,
        safety_item=None,
        answered_at=WHEN,
    )
    low = told_score(PHQ9, result_of(PHQ9, answers("2 2 2 2 2 2 2 2 -"), "male"), WHEN)
    assert low is not None
    assert (low.band, low.status, low.safety_item) == ("moderately severe", "prorated", "unknown")


def test_a_level_is_told_as_the_band_and_subscales_by_their_keys():
    told = score_of(result_of(C_SSRS, answers("Y Y Y Y N N n"), "female"), WHEN)
    assert (told.band, told.total, told.subscores) == ("high", None, [])
    told = score_of(result_of(BAM, bam("2 2 2 0 0 1 2 2 2 2 2 2 4 2 1 2"), "male"), WHEN)
    assert [(part.subscale, part.total) for part in told.subscores] == [
        ("use", 1),
        ("risk", 12),
        ("protective", 13),
    ]
    gate = score_of(result_of(PC_PTSD5, answers("N n n n n n"), "male"), WHEN)
    assert (gate.status, gate.total, gate.positive) == ("complete", 0, False)
