"""When measures of a stay are due, and which policies of measures are refused."""

import random
from collections.abc import Sequence
from datetime import date, timedelta
from importlib import resources
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.screening.policy import instruments
from services.outcomes.measures.policy import DAYS, TOTAL, MeasurePolicy, measure_policy
from services.outcomes.measures.rules.occasions import (
    Hold,
    Occasion,
    Stay,
    Value,
    next_change,
    occasions,
)
from shared.datafiles import DataFileInvalid, parse
from tests.year.ledger.measures import Answered, Calendar, open_measures

ADMITTED = date(2026, 2, 23)
SHIPPED = (resources.files("services.outcomes.measures") / "data" / "standard.yaml").read_text()


def day(number: int) -> date:
    """A day of the stay; 0 is that of the admission."""
    return ADMITTED + timedelta(number)


def answers(*days: int, total: int | None = 12) -> list[Value]:
    return [Value(day(number), {TOTAL: total}) for number in days]


def of(instrument: str, found: Sequence[Occasion]) -> list[tuple[int, str]]:
    return [
        ((one.due_on - ADMITTED).days, one.state) for one in found if one.instrument == instrument
    ]


def planned(
    *answered: int,
    today: int,
    instrument: str = "phq-9",
    holds: tuple[Hold, ...] = (),
    ended: int | None = None,
    total: int | None = 12,
) -> list[tuple[int, str]]:
    stay = Stay("2.1", ADMITTED, None if ended is None else day(ended), holds)
    given = {instrument: answers(*answered, total=total)}
    return of(instrument, occasions(measure_policy(), stay, given, day(today)))


def test_an_instrument_is_due_then_overdue_then_missed() -> None:
    assert planned(today=0) == [(0, "due"), (14, "planned")]
    assert planned(today=4)[0] == (0, "due")
    assert planned(today=5)[0] == (0, "overdue")
    assert planned(today=14) == [(0, "missed"), (14, "due"), (28, "planned")]


def test_a_baseline_from_before_the_admission_answers_the_first_occasion() -> None:
    assert planned(-7, today=0)[0] == (0, "completed")
    assert planned(-8, today=0)[0] == (0, "due")
    assert planned(-7, today=0, total=None)[0] == (0, "due")


def test_an_answer_a_few_days_early_counts_for_the_next_and_one_answer_never_twice() -> None:
    assert planned(0, 11, today=14)[:2] == [(0, "completed"), (14, "completed")]
    assert planned(0, 10, today=14)[:2] == [(0, "completed"), (14, "due")]
    assert planned(11, today=14)[:2] == [(0, "completed"), (14, "due")]


def test_a_later_phase_changes_the_interval_and_never_the_one_under_way() -> None:
    found = planned(today=120)
    assert [due for due, _ in found] == [0, 14, 28, 42, 56, 86, 116, 146]
    assert planned(today=61, instrument="bam")[-1] == (90, "planned")


def test_who_began_below_the_cut_is_not_asked_for_more() -> None:
    assert planned(0, today=31, instrument="pcl-5", total=32) == []
    assert planned(today=31, instrument="pcl-5") == []
    assert planned(0, today=31, instrument="pcl-5", total=33) == [
        (0, "completed"),
        (30, "due"),
        (60, "planned"),
    ]


def test_a_hold_moves_what_is_due_to_the_return_and_excuses_what_it_covers() -> None:
    back = (Hold(day(13), day(20)),)
    assert planned(0, today=15, holds=(Hold(day(13), None),))[1] == (14, "excused")
    assert planned(0, today=20, holds=back)[1] == (20, "due")
    assert planned(0, today=25, holds=back)[1] == (20, "overdue")
    assert planned(0, 26, today=27, holds=back)[1] == (20, "completed")
    assert planned(0, today=29, holds=(Hold(day(13), day(29)),))[1:3] == [
        (14, "excused"),
        (29, "due"),
    ]
    assert planned(0, today=21, holds=(Hold(day(20), None),))[1] == (14, "missed")


def test_an_answer_after_a_hold_that_ended_what_was_overdue_is_one_of_the_next() -> None:
    held = (Hold(day(20), day(21)),)
    assert planned(0, 25, today=28, holds=held)[1:3] == [(14, "missed"), (28, "completed")]
    assert planned(0, 23, today=28, holds=held)[1:3] == [(14, "missed"), (28, "due")]


def test_after_the_end_nothing_is_due() -> None:
    assert planned(0, today=40, ended=13) == [(0, "completed")]
    assert planned(0, today=40, ended=16) == [(0, "completed"), (14, "excused")]
    assert planned(0, today=40, ended=19) == [(0, "completed"), (14, "missed")]
    assert planned(0, today=40, ended=20, holds=(Hold(day(12), None),))[1] == (14, "excused")


def test_the_next_change_is_the_next_day_on_which_one_is_due_overdue_or_missed() -> None:
    stay = Stay("2.1", ADMITTED)
    found = occasions(measure_policy(), stay, {}, day(0))
    assert next_change(found, day(0)) == day(3)
    assert next_change([], day(0)) is None


HOLDS = st.lists(st.integers(0, 90), max_size=6, unique=True).map(sorted)


@settings(max_examples=100, deadline=None)
@given(
    holds=HOLDS,
    ended=st.none() | st.integers(0, 100),
    answered=st.lists(st.integers(-10, 100), max_size=12),
    today=st.integers(0, 100),
    seed=st.randoms(use_true_random=False),
)
def test_laws_of_a_plan(
    holds: list[int],
    ended: int | None,
    answered: list[int],
    today: int,
    seed: random.Random,
) -> None:
    ends = [*holds[1::2], None]
    pairs = [
        Hold(day(since), None if until is None or until > today else day(until))
        for since, until in zip(holds[::2], ends, strict=False)
        if since <= today
    ]
    over = ended is not None and ended <= today
    stay = Stay("2.1", ADMITTED, day(ended) if ended is not None and over else None, tuple(pairs))
    known = [number for number in answered if number <= today]
    scores = {name: answers(*known) for name in ("phq-9", "craving-nrs", "bam")}
    found = occasions(measure_policy(), stay, scores, day(today))
    shuffled = {name: seed.sample(values, len(values)) for name, values in scores.items()}
    assert occasions(measure_policy(), stay, shuffled, day(today)) == found  # in any order
    on_hold = any(
        h.since <= day(today) and (h.until is None or h.until > day(today)) for h in pairs
    )
    open_ones = [one for one in found if one.state in ("due", "overdue")]
    assert not (open_ones and (on_hold or over))
    walked = open_measures(
        measure_policy().model_dump(),
        Calendar("2.1", ADMITTED, stay.ended_on, [(h.since, h.until) for h in pairs]),
        [Answered(v.answered_on, n, "1", dict(v.values)) for n, vs in scores.items() for v in vs],
        day(today),
    )
    assert {(one.instrument, one.state, one.due_on) for one in open_ones} == walked
    for one in found:
        assert one.planned_on <= one.due_on <= one.overdue_on <= one.until_on
        assert (one.state == "completed") == (one.answered_on is not None)
    for name in scores:
        mine = [one for one in found if one.instrument == name]
        used = [one.answered_on for one in mine if one.answered_on]
        assert len(used) == len(set(used))
        gaps = [(b.planned_on - a.planned_on).days for a, b in pairwise(mine)]
        assert all(gap >= measure_policy().measures[name].looks_back_days for gap in gaps)


def test_the_policy_agrees_with_the_instruments_that_intake_scores() -> None:
    by_name = {one.id: one for one in instruments().values()}
    for name, measure in measure_policy().measures.items():
        instrument = by_name[name]
        assert measure.looks_back_days == instrument.looks_back_days
        assert measure.repeats == ("follow_up" in instrument.occasions)
        parts = {TOTAL: instrument.total} | {one.key: one for one in instrument.subscales}
        for key, series in measure.series.items():
            part = parts[key]
            assert part is not None
            values = [instrument.items[instrument.place(number)].values for number in part.items]
            assert series.lowest == sum(each[0] for each in values)
            assert series.highest == sum(each[-1] for each in values)
            if key == TOTAL and series.bands:
                bands = [(band.from_, band.name) for band in instrument.bands]
                assert [(band.from_, band.name) for band in series.bands] == bands
    for phase in measure_policy().phases:
        for schedule in phase.schedules:
            looks_back = by_name[schedule.instrument].looks_back_days
            assert looks_back <= DAYS[schedule.every]


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("phq-9, every: biweekly", "phq-9, every: weekly", "looks back 14 days, so not weekly"),
        ("bam, every: monthly", "bam, every: biweekly", "looks back 30 days, so not biweekly"),
        ("instrument: phq-9, every", "instrument: dast-10, every", "DAST-10 is for intake only"),
        ("instrument: phq-9, every", "instrument: phq-8, every", "there is no measure phq-8"),
        ("instrument: phq-9, every", "instrument: gad-7, every", "is there twice in this phase"),
        ("early_days: 3, overdue_after_days: 5", "early_days: 9, overdue_after_days: 5", "reach"),
        ("overdue_after_days: 3", "overdue_after_days: 7", "must be less than the days between"),
        ("only_from: 33", "only_from: 0", "holds for everybody, or for nobody"),
        ("from_week: 9", "from_week: 1", "begins in that week already"),
        ("sd: 6.1\n", "sd: 61\n", "no change of 27 points could be reliable"),
        ("caseness: {at: 10", "caseness: {at: 28", "must lie from 0 to 27"),
        ("{from: 5, name: mild", "{from: 15, name: mild", "must ascend"),
        ("{from: 0, name: minimal", "{from: 1, name: minimal", "must begin with 0"),
        ("from_day: 28\n", "from_day: 99\n", "must ascend by from_day"),
        ("clinical_cut: {at: 28", "clinical_cut: {clinical: {mean: 1, sd: 1}", "needs either at"),
        ("method: points", "method: hunches", "hunches"),
        ("improvement_percent: 20\n", "improvement_percents: 20\n", "improvement_percents"),
    ],
)
def test_a_policy_that_cannot_work_is_refused_with_its_line(
    was: str, becomes: str, told: str
) -> None:
    assert was in SHIPPED
    text = SHIPPED.replace(was, becomes, 1)
    with pytest.raises(DataFileInvalid, match=rf"own\.yaml:\d+: .*{told}") as refused:
        parse(MeasurePolicy, text, "own.yaml")
    pairs = zip(text.splitlines(), SHIPPED.splitlines(), strict=True)
    changed = next(n for n, (line, former) in enumerate(pairs, 1) if line != former)
    assert abs(refused.value.line - changed) <= 30


def test_a_schedule_that_is_refused_is_named_on_its_own_line() -> None:
    text = SHIPPED.replace("phq-9, every: biweekly", "phq-9, every: weekly")
    with pytest.raises(DataFileInvalid) as refused:
        parse(MeasurePolicy, text, "own.yaml")
    assert "phq-9, every: weekly" in text.splitlines()[refused.value.line - 1]
