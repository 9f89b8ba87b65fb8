"""What a questionnaire's answers, findings and life allow."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.intake.questionnaires.rules.answers import (
    found_so_far,
    is_answered,
    left_open,
    newly,
    settle,
)
from services.intake.questionnaires.rules.life import (
    LIFE,
    LINK,
    LinkTimes,
    State,
    after,
    link_after,
    link_state,
    state_at,
    valid_until,
)
from services.intake.risk.rules import Finding
from services.intake.screening.policy import Instrument, instruments
from services.intake.screening.rules import check

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OPEN_FOR = timedelta(days=14)
AUDIT = instruments()["audit", "1.0"]
PHQ9 = instruments()["phq-9", "1.0"]
N = None


def not_asked(*places: int, of: int = 10) -> list[Any]:
    return ["not_asked" if n in places else None for n in range(of)]


@pytest.mark.parametrize(
    ("given_", "kept", "left_out", "impossible"),
    [
        ([N] * 10, [N] * 10, (), ()),
        ([0, *[N] * 9], [0, *["not_asked"] * 7, N, N], (), ()),
        ([0, *["not_asked"] * 7, N, N], [0, *["not_asked"] * 7, N, N], (), ()),
        ([1, 0, 0, *[N] * 7], [1, 0, 0, *["not_asked"] * 5, N, N], (), ()),
        ([1, 0, 0, 2, *[N] * 6], [1, 0, 0, *["not_asked"] * 5, N, N], (3,), ()),
        ([0, 4, N, N, 1, *[N] * 5], [0, *["not_asked"] * 7, N, N], (1, 4), ()),
        ([1, *not_asked(1)[1:]], [1, *[N] * 9], (), (1,)),
        ([1, 5, *[N] * 8], [1, 5, *[N] * 8], (), (1,)),
        ([1, 1, 1, *[N] * 5, 1, 3], [1, 1, 1, *[N] * 5, 1, 3], (), (8, 9)),
    ],
)
def test_what_the_instrument_leaves_out_is_kept_as_not_asked(
    given_: list[Any], kept: list[Any], left_out: tuple[int, ...], impossible: tuple[int, ...]
):
    settled = settle(AUDIT, given_)
    assert list(settled.answers) == kept
    assert settled.left_out == left_out
    assert tuple(one.item for one in settled.impossible) == impossible


def test_a_wrong_number_of_answers_is_told_as_such():
    settled = settle(PHQ9, [0] * 8)
    assert [one.detail for one in settled.impossible] == ["PHQ-9 has 9 items."]


@st.composite
def some_answers(draw: st.DrawFn) -> tuple[Instrument, list[Any]]:
    instrument = draw(st.sampled_from(list(instruments().values())))
    answers = [
        draw(st.sampled_from([None, "not_asked", *item.values[:6]])) for item in instrument.items
    ]
    return instrument, answers


@given(some_answers())
def test_settled_answers_stay_as_they_are(drawn: tuple[Instrument, list[Any]]):
    instrument, answers = drawn
    kept = settle(instrument, answers).answers
    again = settle(instrument, kept)
    assert (again.answers, again.left_out) == (kept, ())
    assert not [one for one in again.impossible if kept[one.item] == "not_asked"]


@given(some_answers())
def test_what_is_kept_without_complaint_can_be_scored(drawn: tuple[Instrument, list[Any]]):
    instrument, answers = drawn
    settled = settle(instrument, answers)
    if not settled.impossible:
        assert check(instrument, settled.answers) == []
        found_so_far(instrument, settled.answers)


@given(some_answers())
def test_no_answer_that_is_asked_is_changed(drawn: tuple[Instrument, list[Any]]):
    instrument, answers = drawn
    settled = settle(instrument, answers)
    for place, (before, kept) in enumerate(zip(answers, settled.answers, strict=True)):
        if isinstance(before, int):
            assert (kept == before) is (place not in settled.left_out)


@pytest.mark.parametrize(
    ("answers", "answered"),
    [(None, False), ([N, N], False), (["not_asked", N], False), ([N, 0], True), ([3], True)],
)
def test_zero_is_an_answer_and_nothing_is_none(answers: list[Any] | None, answered: bool):
    assert is_answered(answers) is answered


SUICIDE = Finding("suicide_risk", "moderate", "phq-9")
GRAVE = Finding("suicide_risk", "high", "phq-9")
OVERDOSE = Finding("recent_overdose", "high", "bam")


@pytest.mark.parametrize(
    ("item_9", "found"), [(N, ()), (0, ()), (1, (SUICIDE,)), (2, (GRAVE,)), (3, (GRAVE,))]
)
def test_phq9_item_9_is_found_whatever_else_is_open(item_9: int | None, found: tuple[Finding, ...]):
    assert found_so_far(PHQ9, [*[N] * 8, item_9]) == found
    assert found_so_far(PHQ9, [*[0] * 8, item_9]) == found


C_SSRS = instruments()["c-ssrs", "1.0"]


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ([0, N, N, N, N, N, N], ()),
        ([1, 1, N, N, N, N, N], ()),
        ([N, N, 1, N, N, N, N], ("moderate",)),
        ([N, N, N, N, N, 1, N], ("moderate",)),
        ([N, N, N, 1, N, N, N], ("high",)),
        ([N, N, N, N, N, N, 1], ("high",)),
    ],
)
def test_a_level_of_risk_is_told_by_what_was_answered_and_not_by_what_is_open(
    answers: list[Any], found: tuple[str, ...]
):
    assert tuple(one.severity for one in found_so_far(C_SSRS, answers)) == found


def test_before_the_first_answer_nothing_is_found():
    assert found_so_far(PHQ9, None) == ()


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ((), (SUICIDE,), (SUICIDE,)),
        ((SUICIDE,), (SUICIDE,), ()),
        ((SUICIDE,), (GRAVE,), (GRAVE,)),
        ((GRAVE,), (SUICIDE,), ()),
        ((SUICIDE,), (SUICIDE, OVERDOSE), (OVERDOSE,)),
        ((SUICIDE,), (), ()),
        ((), (), ()),
    ],
)
def test_only_what_is_new_or_graver_is_told(
    before: tuple[Finding, ...], now: tuple[Finding, ...], told: tuple[Finding, ...]
):
    assert newly(before, now) == told


def test_only_an_open_questionnaire_takes_anything():
    assert {state for state, _ in LIFE} == {"open"}
    assert after("completed", "save") is None
    assert after("open", "complete") == "completed"


@pytest.mark.parametrize(
    ("state", "later", "shown"),
    [
        ("open", timedelta(0), "expired"),
        ("open", timedelta(microseconds=-1), "open"),
        ("completed", timedelta(days=9), "completed"),
        ("withdrawn", timedelta(days=9), "withdrawn"),
    ],
)
def test_an_open_questionnaire_is_over_at_the_very_instant(
    state: State, later: timedelta, shown: State
):
    assert state_at(state, NOON, NOON + later) == shown


def test_a_link_is_never_good_for_longer_than_its_questionnaire():
    assert valid_until(NOON, 72, NOON + OPEN_FOR) == NOON + timedelta(hours=72)
    assert valid_until(NOON, 72, NOON + timedelta(hours=1)) == NOON + timedelta(hours=1)


def test_what_is_revoked_stays_revoked():
    assert {state for state, _ in LINK} == {"issued", "opened", "expired"}
    revoked = LinkTimes(NOON + OPEN_FOR, NOON, NOON)
    for action in ("open", "use", "revoke"):
        assert link_after(revoked, "open", action, NOON) is None


class Life(RuleBasedStateMachine):
    """A questionnaire with its links, as staff, clients and time treat them.

    The model keeps what happened; the rules are asked before each step and must agree.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.expires_at = NOON + OPEN_FOR
        self.kept: State = "open"
        self.links: list[LinkTimes] = []
        self.saves = 0
        self.endings: list[str] = []

    @property
    def state(self) -> State:
        return state_at(self.kept, self.expires_at, self.now)

    @rule(hours=st.integers(1, 100))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule()
    def the_job_looks(self) -> None:
        if self.kept == "open" and self.now >= self.expires_at:
            self.end("expire")

    @rule(action=st.sampled_from(["complete", "withdraw"]))
    def staff_end_it(self, action: Any) -> None:
        if after(self.state, action) is not None:
            self.end(action)

    def end(self, action: Any) -> None:
        then = after(self.kept, action)
        assert then is not None
        self.kept = then
        self.endings.append(action)

    @rule()
    def staff_save(self) -> None:
        self.saves += after(self.state, "save") is not None

    @rule()
    def staff_issue_a_link(self) -> None:
        if after(self.state, "issue_link") is None:
            return
        self.links = [
            LinkTimes(link.valid_until, link.opened_at, link.revoked_at or self.now)
            for link in self.links
        ]
        self.links.append(LinkTimes(valid_until(self.now, 72, self.expires_at), None, None))

    @precondition(lambda self: self.links)
    @rule(data=st.data())
    def somebody_opens_a_link(self, data: st.DataObject) -> None:
        n = data.draw(st.integers(0, len(self.links) - 1))
        link = self.links[n]
        newest = n == len(self.links) - 1
        fresh = link.opened_at is None and self.now < link.valid_until
        opens = link_after(link, self.state, "open", self.now) is not None
        assert opens == (newest and fresh and self.state == "open")
        if opens:
            self.links[n] = LinkTimes(link.valid_until, self.now, None)

    @precondition(lambda self: self.links)
    @rule(data=st.data())
    def a_browser_goes_on(self, data: st.DataObject) -> None:
        n = data.draw(st.integers(0, len(self.links) - 1))
        link = self.links[n]
        goes_on = link_after(link, self.state, "use", self.now) is not None
        newest = n == len(self.links) - 1
        assert goes_on == (newest and link.opened_at is not None and self.state == "open")
        self.saves += goes_on

    @invariant()
    def it_ends_once(self) -> None:
        assert len(self.endings) == (self.kept != "open")

    @invariant()
    def one_link_at_most_is_in_force(self) -> None:
        in_force = [x for x in self.links if link_state(x, self.now) in ("issued", "opened")]
        assert len(in_force) <= 1

    @invariant()
    def nothing_is_possible_once_it_is_over(self) -> None:
        if self.state != "open":
            assert all(after(self.state, action) is None for _, action in LIFE)
            assert all(
                link_after(link, self.state, action, self.now) is None
                for link in self.links
                for action in ("open", "use")
            )


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=25, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize(
    ("instrument", "answers", "found"),
    [
        ("c-ssrs", None, []),
        ("c-ssrs", [N] * 7, []),
        ("c-ssrs", [1, N, N, N, N, N, N], ["high"]),
        ("c-ssrs", [1, 1, N, N, N, N, N], ["high"]),
        ("c-ssrs", [1, 1, 1, N, N, N, N], ["high"]),
        ("c-ssrs", [1, 1, 0, 0, 1, N, N], []),  # high was told with the answer
        ("c-ssrs", [1, 1, 1, 0, 0, 0, "not_asked"], []),  # moderate was
        ("c-ssrs", [0, 0, *["not_asked"] * 3, 0, "not_asked"], []),
        ("phq-9", [1, 1, *[N] * 7], []),  # a missing answer is never guessed
        ("phq-9", [*[N] * 8, 2], []),
        ("audit", [4, *[N] * 9], []),
    ],
)
def test_what_nobody_will_complete_is_told_once_its_form_is_over(
    instrument: str, answers: Any, found: list[str]
):
    assert [one.severity for one in left_open(instruments()[instrument, "1.0"], answers)] == found
