"""What a policy would have recommended in a stay of the past."""

from dataclasses import replace as changed
from datetime import date, timedelta

import pytest

from services.outcomes.step_down.policy import RecommendationPolicy
from services.outcomes.step_down.rules.figures import Figures, Goal, LatestScore, Risk
from services.outcomes.step_down.rules.replay import (
    CELLS,
    Decided,
    History,
    Lasting,
    Scored,
    replay,
    suppressed,
)
from tests.support.recommendations import POLICY, with_change

BEGAN = date(2026, 1, 5)
STRICTER = RecommendationPolicy.model_validate(
    with_change(("step_down", "rules", 1, "at_least"), 90)
)


def on(day: int) -> date:
    """The day of the stay, 0 being that of the admission."""
    return BEGAN + timedelta(days=day)


def attended(day: int, of_ten: int = 8, weeks: int = 3) -> tuple[date, Figures]:
    return on(day), Figures(weeks, of_ten, 10 - of_ten, 0, 0, on(day))


def scored(day: int, total: int = 9, instrument: str = "phq-9", known: int | None = None) -> Scored:
    score = LatestScore(total, "complete", "negative", on(day))
    return Scored(instrument, score, on(day if known is None else known), day <= 14)


def measured(*days: int) -> list[Scored]:
    return [scored(day, 9, name) for day in days for name in ("phq-9", "gad-7")]


WELL = History(BEGAN, None, figures=[attended(20)], scores=measured(18))


def test_a_stay_is_replayed_on_the_days_on_which_something_became_known() -> None:
    history = History(
        BEGAN,
        on(60),
        figures=[attended(20), attended(61)],
        scores=[scored(10, known=12)],
        short_weeks=[(on(7), on(15))],
        risks=[Lasting("high", on(3), on(4)), Lasting("high", on(-9), None)],
        uses=[(on(5), on(6))],
        goals=[Lasting("phase", on(8), on(60), "met")],
        decisions=[Decided("step_down", "defer", on(30), on(37))],
    )
    assert history.days() == [on(n) for n in (0, 3, 4, 6, 8, 12, 15, 20, 30, 37, 60)]


def test_the_facts_of_a_day_are_those_that_were_known_by_then() -> None:
    history = History(
        BEGAN,
        None,
        figures=[attended(20, 7), attended(22, 8)],
        scores=[scored(1, 20), scored(5, 15), scored(20, 9, known=25)],
        short_weeks=[(on(0), on(9)), (on(7), on(16))],
        risks=[Lasting("high", on(3), on(9)), Lasting("moderate", on(4), None)],
        uses=[(on(2), on(8)), (on(3), on(10))],
        goals=[Lasting("phase", on(5), on(9), "met"), Lasting("clinician", on(9), None)],
    )
    facts = history.on(on(9))
    assert (facts.today, facts.enrolled_on, facts.figures) == (on(9), BEGAN, None)
    assert facts.scores["phq-9"].total == 15
    assert facts.baselines["phq-9"].total == 20
    assert facts.short_weeks == [on(0)]
    assert facts.risks == [Risk("moderate", on(4))]
    assert facts.uses == [on(2)]
    assert facts.goals == [Goal("phase", "met", on(9)), Goal("clinician", "open", on(9))]
    assert history.on(on(8)).risks == [Risk("high", on(3)), Risk("moderate", on(4))]
    assert history.on(on(8)).goals == [Goal("phase", "open", on(5))]
    assert history.on(on(4)).goals == []
    assert history.on(on(2)).risks == []
    assert history.on(on(3)).risks == [Risk("high", on(3))]
    for day, known in ((20, 7), (21, 7), (22, 8), (30, 8)):
        figures = history.on(on(day)).figures
        assert figures is not None
        assert figures.attended == known
    assert [history.on(on(n)).scores["phq-9"].total for n in (24, 25)] == [15, 9]


def test_versions_recommend_on_different_days() -> None:
    history = changed(WELL, figures=[attended(20), attended(22, 9)])
    assert replay(POLICY, history) == {"step_down": on(20)}
    assert replay(STRICTER, history) == {"step_down": on(22)}
    assert replay(STRICTER, WELL) == {}


def test_the_first_day_of_each_kind_counts() -> None:
    history = changed(
        WELL, figures=[attended(20), attended(40, 4), attended(60)], scores=measured(18, 58)
    )
    assert replay(POLICY, history) == {"step_down": on(20), "step_up": on(40)}


def test_after_an_accepted_step_down_nothing_more_is_recommended() -> None:
    history = changed(WELL, figures=[attended(20), attended(40, 4)])
    accepted = Decided("step_down", "accept", on(21))
    assert replay(POLICY, changed(history, decisions=[accepted])) == {"step_down": on(20)}
    declined = changed(history, decisions=[changed(accepted, decision="decline")])
    assert replay(POLICY, declined) == {"step_down": on(20), "step_up": on(40)}
    other = changed(history, decisions=[changed(accepted, kind="extend")])
    assert replay(POLICY, other) == {"step_down": on(20), "step_up": on(40)}


@pytest.mark.parametrize(
    ("decided", "is_paused"),
    [
        (Decided("step_down", "decline", on(63)), False),
        (Decided("step_down", "decline", on(64)), True),
        (Decided("step_down", "defer", on(63), on(70)), False),
        (Decided("step_down", "defer", on(63), on(71)), True),
        (Decided("step_up", "accept", on(42)), False),
        (Decided("step_up", "accept", on(43)), True),
    ],
)
def test_while_a_kind_is_paused_the_next_one_is_recommended(
    decided: Decided, is_paused: bool
) -> None:
    """On day 70 the usual length is reached: an extension shows that the other kind was paused."""
    if decided.kind == "step_down":
        history = History(BEGAN, None, [attended(62), attended(70)], measured(61, 69))
        first = 62
    else:
        uses = [(on(n), on(n)) for n in (40, 41, 69, 70)]
        history = History(BEGAN, None, [attended(41), attended(70)], uses=uses)
        first = 41
    expected = {decided.kind: on(first)} | ({"extend": on(70)} if is_paused else {})
    assert replay(POLICY, changed(history, decisions=[decided])) == expected


def test_what_goes_on_being_open_is_not_made_again_and_pauses_nothing() -> None:
    figures = [attended(62), attended(66), attended(70)]
    history = History(BEGAN, None, figures, measured(61, 69))
    assert replay(POLICY, history) == {"step_down": on(62)}


def test_a_decision_on_what_was_not_open_by_a_version_pauses_nothing_in_it() -> None:
    history = History(
        BEGAN,
        None,
        [attended(60), attended(70)],
        decisions=[Decided("extend", "accept", on(60))],
    )
    assert replay(POLICY, history) == {"extend": on(70)}


def test_a_withdrawn_kind_is_paused_too() -> None:
    for lost, is_paused in ((63, False), (64, True)):
        figures = [attended(62), attended(lost, 6), attended(70)]
        history = History(BEGAN, None, figures, measured(61, 69))
        expected = {"step_down": on(62)} | ({"extend": on(70)} if is_paused else {})
        assert replay(POLICY, history) == expected


COUNTS = {
    "former": 60,
    "latter": 55,
    "earlier": 11,
    "later": 12,
    "same_day": 20,
    "only_former": 17,
    "only_latter": 12,
    "median_days": 3,
    "decided": 40,
    "agreed_former": 11,
    "agreed_latter": 29,
}


@pytest.mark.parametrize(
    ("small", "hidden"),
    [
        ({}, set()),
        ({"earlier": 10}, {*CELLS, "median_days"}),
        ({"only_latter": 0}, {*CELLS, "median_days"}),
        ({"former": 10}, {"former"}),
        ({"latter": 10}, {"latter"}),
        ({"agreed_former": 10}, {"agreed_former", "agreed_latter"}),
        ({"agreed_latter": 30}, {"agreed_former", "agreed_latter"}),
        ({"decided": 10}, {"decided", "agreed_former", "agreed_latter"}),
    ],
)
def test_small_counts_leave_the_clinic_for_nobody(small: dict[str, int], hidden: set[str]) -> None:
    given = COUNTS | small
    shown = suppressed(given)
    assert {name for name, count in shown.items() if count is None} == hidden
    assert all(count in (None, given[name]) for name, count in shown.items())
    assert set(shown) == set(given)
