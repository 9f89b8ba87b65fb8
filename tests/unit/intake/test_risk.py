"""Which findings make a flag, when it escalates, and who goes first."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args
from uuid import uuid4

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.intake.risk.commands import raise_flags
from services.intake.risk.policy import risk_policy
from services.intake.risk.report_schemas import NewRiskReport
from services.intake.risk.rules import Finding
from services.intake.risk.rules.flags import (
    NEXT,
    SEVERITIES,
    State,
    after,
    is_worse,
    most_severe,
)
from services.intake.risk.rules.reports import (
    POSITIVE,
    Facts,
    Harm,
    Known,
    Told,
    Withdrawal,
    contradicts,
    findings,
    is_recent,
    overdose_of,
    priority,
)
from services.intake.risk.schemas import Acknowledgement
from shared.contracts.intake import RiskKind, RiskSeverity
from shared.database import ALL_SITES, Transaction
from shared.escalation import Ladder, escalation

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)
MINUTE = timedelta(minutes=1)
SEVERITIES_OF_REPORTS = {kind: rules.report for kind, rules in risk_policy().kinds.items()}


def finding(severity: RiskSeverity = "high", kind: RiskKind = "suicide_risk") -> Finding:
    return Finding(kind, severity, "phq-9")


async def test_without_findings_nothing_is_asked_of_the_database() -> None:
    tx = Transaction(None, NOON, ALL_SITES)  # type: ignore[arg-type]  # whoever uses it fails
    assert await raise_flags(tx, uuid4(), uuid4(), []) == []
    assert tx.outgoing == []


def test_of_several_findings_of_a_kind_the_first_of_the_most_severe_stands() -> None:
    mild, worse = Finding("suicide_risk", "moderate", "phq-9"), finding()
    other = finding("moderate", "pregnancy")
    assert most_severe([mild, worse, Finding("suicide_risk", "high", "c-ssrs"), other]) == [
        other,
        worse,
    ]


def test_only_high_is_worse_than_moderate() -> None:
    worse = {(a, b) for a in SEVERITIES for b in SEVERITIES if is_worse(a, b)}
    assert worse == {("high", "moderate")}
    assert get_args(RiskSeverity) == SEVERITIES


class FlagOfAClient(RuleBasedStateMachine):
    """A flag as commands and job move it, by the rules alone."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.state: State = "raised"
        self.severity: RiskSeverity = "moderate"
        self.deadline = NOON + self.ladder.within
        self.due: datetime | None = self.deadline
        self.ladder_from = 0
        self.step = 0
        self.told: list[tuple[int, datetime]] = []
        self.acknowledged_at: datetime | None = None

    @property
    def ladder(self) -> Ladder:
        return risk_policy().urgency("suicide_risk", self.severity)

    @rule(passed=st.integers(0, 300).map(lambda m: m * MINUTE))
    def time_passes(self, passed: timedelta) -> None:
        self.now += passed

    @rule(severity=st.sampled_from(SEVERITIES))
    @precondition(lambda self: self.state != "acknowledged")
    def found_again(self, severity: RiskSeverity) -> None:
        state = after(self.state, "found_again")
        assert state == self.state
        if is_worse(severity, self.severity):
            self.severity = severity
            deadline = self.now + self.ladder.within
            if self.due is None:
                self.ladder_from = self.step
            self.deadline = min(self.deadline, deadline)
            self.due = deadline if self.due is None else min(self.due, deadline)

    @rule(workers=st.integers(1, 3))
    def the_job_runs(self, workers: int) -> None:
        for _ in range(workers):
            state = after(self.state, "escalate")
            if state is None or self.due is None or self.due > self.now:
                continue
            told = escalation(self.ladder, self.step - self.ladder_from, self.due, self.now)
            self.due = told.next_at
            if self.ladder_from + told.step > self.step:
                self.state, self.step = state, self.ladder_from + told.step
                self.told.append((self.step, self.now))

    @rule()
    def a_clinician_acknowledges(self) -> None:
        state = after(self.state, "acknowledge")
        assert (state is None) == (self.acknowledged_at is not None)
        if state is not None:
            self.state, self.acknowledged_at = state, self.now

    @invariant()
    def every_step_is_told_once_and_in_order(self) -> None:
        steps = [step for step, _ in self.told]
        assert steps == sorted(set(steps))
        assert self.step == (steps[-1] if steps else 0)

    @invariant()
    def no_two_steps_are_told_at_one_instant(self) -> None:
        instants = [at for _, at in self.told]
        assert len(set(instants)) == len(instants)

    @invariant()
    def nothing_is_told_after_an_acknowledgement_or_before_the_deadline(self) -> None:
        for _, at in self.told:
            assert self.acknowledged_at is None or at <= self.acknowledged_at
            assert at >= self.deadline

    @invariant()
    def the_state_says_how_far_it_went(self) -> None:
        if self.state == "raised":
            assert self.step == 0
        elif self.state == "escalated":
            assert self.step > 0

    @invariant()
    def an_open_flag_has_a_next_step_until_its_ladder_has_ended(self) -> None:
        position = self.step - self.ladder_from
        if self.state == "acknowledged" or position > self.ladder.last:
            return
        assert self.due is not None or position == self.ladder.last
        longest = max(*map(self.ladder.pause_after, range(position + 1)), self.ladder.within)
        assert self.due is None or self.due <= self.now + longest


FlagOfAClient.TestCase.settings = settings(max_examples=40, stateful_step_count=25)
TestFlagOfAClient = FlagOfAClient.TestCase


def test_an_acknowledged_flag_stays_as_it_is() -> None:
    assert NEXT["acknowledged"] == {}
    assert set(NEXT) == set(get_args(State))


@pytest.mark.parametrize(
    ("days", "recent"), [(-1, False), (0, True), (29, True), (30, True), (31, False)]
)
def test_an_overdose_is_recent_up_to_its_thirtieth_day(days: int, recent: bool) -> None:
    on = TODAY - timedelta(days=days)
    assert is_recent(on, TODAY) is recent
    assert overdose_of("unknown", on, TODAY) == ("yes" if recent else "no")


@given(on=st.dates(), today=st.dates())
def test_a_day_contradicts_exactly_the_other_answer(on: date, today: date) -> None:
    right = overdose_of("unknown", on, today)
    wrong = "no" if right == "yes" else "yes"
    assert [contradicts(s, on, today) for s in (right, "unknown", wrong)] == [False, False, True]  # type: ignore[arg-type]  # yes or no
    assert not contradicts("yes", None, today)


@pytest.mark.parametrize(
    ("told", "kind", "severity"),
    [
        (Told("yes", "unknown", "unknown", "unknown"), "pregnancy", "moderate"),
        (Told("unknown", "yes", "unknown", "unknown"), "recent_overdose", "high"),
        (Told("unknown", "unknown", "possible", "unknown"), "withdrawal_risk", "moderate"),
        (Told("unknown", "unknown", "severe", "unknown"), "withdrawal_risk", "high"),
        (Told("unknown", "unknown", "unknown", "possible"), "harm_to_others", "moderate"),
        (Told("unknown", "unknown", "unknown", "imminent"), "harm_to_others", "high"),
    ],
)
def test_each_positive_answer_is_a_finding_however_little_else_is_known(
    told: Told, kind: RiskKind, severity: RiskSeverity
) -> None:
    assert findings(told, SEVERITIES_OF_REPORTS) == [Finding(kind, severity, "risk-report")]


def test_the_answers_that_raise_a_flag_are_all_positive_ones_of_the_form() -> None:
    asked = {"pregnancy": Known, "recent_overdose": Known, "withdrawal_risk": Withdrawal}
    for kind, answers in {**asked, "harm_to_others": Harm}.items():
        harmless = {"no", "none", "unknown"}
        assert set(get_args(answers)) - harmless == POSITIVE[kind]  # type: ignore[index]  # all are kinds


@pytest.mark.parametrize("answer", ["no", "unknown"])
def test_no_and_unknown_raise_nothing(answer: Any) -> None:
    harmless = "none" if answer == "no" else answer
    assert findings(Told(answer, answer, harmless, harmless), SEVERITIES_OF_REPORTS) == []


def test_what_is_left_out_of_a_report_is_unknown() -> None:
    assert set(NewRiskReport().model_dump(exclude={"last_overdose_on"}).values()) == {"unknown"}


PREGNANT = Facts(pregnant_on=TODAY)


@pytest.mark.parametrize(
    ("facts", "populations"),
    [
        (Facts(), []),
        (PREGNANT, ["pregnant"]),
        (Facts(injects_drugs=True), ["injecting"]),
        (Facts(pregnant_on=TODAY, injects_drugs=True), ["pregnant_injecting"]),
        (Facts(cares_for_minors=True), ["parenting"]),
        (Facts(overdose_on=TODAY), ["recent_overdose"]),
        (
            Facts(TODAY, injects_drugs=True, cares_for_minors=True, overdose_on=TODAY),
            ["pregnant_injecting", "parenting", "recent_overdose"],
        ),
        (Facts(pregnant_on=TODAY - timedelta(days=300)), ["pregnant"]),
        (Facts(pregnant_on=TODAY - timedelta(days=301)), []),
        (Facts(overdose_on=TODAY - timedelta(days=31)), []),
    ],
)
def test_who_goes_first(facts: Facts, populations: list[str]) -> None:
    assert priority(facts, TODAY, 300) == populations


@given(text=st.text(min_size=1, max_size=40))
def test_a_note_shows_all_that_it_says(text: str) -> None:
    assume(text.strip())
    try:
        note = Acknowledgement(action="safety_plan", note=text).note
    except ValueError:
        return
    assert note is not None
    assert note.replace("\n", " ").replace("\t", " ").isprintable() or not note.isascii()
    assert "\x00" not in note
