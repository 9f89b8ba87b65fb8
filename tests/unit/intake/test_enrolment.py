"""The states of a stay, and the reasons that end it."""

from typing import get_args

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.intake.enrolment.policy import DischargeReasons, discharge_reasons
from services.intake.enrolment.rules import ENDED, NEXT, State, can_follow, resumed
from shared.contracts.scheduling import EndedAs
from shared.datafiles import DataFileInvalid, parse

STATES: tuple[State, ...] = get_args(State)
OPEN = set(STATES) - ENDED
TEDS = {
    "goals_met": 1,
    "program_finished": 1,
    "moved_to_lower_level": 4,
    "needs_higher_level": 4,
    "needs_withdrawal_management": 4,
    "needs_inpatient_care": 4,
    "left_against_advice": 2,
    "moved_to_other_provider": 4,
    "moved_to_other_site": 4,
    "ended_by_program": 3,
    "no_contact": 2,
    "incarcerated": 5,
    "other": 7,
    "death": 6,
}
"""REASON in the public-use file of TEDS-D: 1 completed, 2 dropped out, 3 terminated, 4 transferred,
5 incarcerated, 6 death, 7 other."""


def test_every_state_is_in_the_table_and_nothing_follows_an_end():
    assert set(NEXT) == set(STATES)
    assert {state for state, following in NEXT.items() if not following} == ENDED
    assert set(get_args(EndedAs)) == ENDED


def test_an_open_stay_can_end_in_every_way_and_comes_back_only_from_a_hold():
    for state in OPEN:
        assert NEXT[state] >= ENDED
    assert not can_follow("active", "enrolled")
    assert not can_follow("enrolled", "enrolled")
    assert can_follow("on_hold", resumed(served=True))
    assert can_follow("on_hold", resumed(served=False))


class Stay(RuleBasedStateMachine):
    """A stay on which anything is tried in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.state: State = "enrolled"
        self.passed: list[State] = ["enrolled"]
        self.served = False

    @rule(to=st.sampled_from(STATES))
    def tried(self, to: State) -> None:
        if can_follow(self.state, to):
            self.state = to
            self.passed.append(to)

    @rule()
    def first_service(self) -> None:
        if can_follow(self.state, "active"):
            self.state, self.served = "active", True
            self.passed.append("active")

    @rule()
    def resume(self) -> None:
        if self.state == "on_hold":
            self.state = resumed(served=self.served)
            self.passed.append(self.state)

    @invariant()
    def a_stay_ends_once(self) -> None:
        ends = [state for state in self.passed if state in ENDED]
        assert len(ends) <= 1
        assert not ends or self.passed[-1] == ends[0]

    @invariant()
    def whoever_was_served_is_never_again_waiting_for_the_first_service(self) -> None:
        if self.served and self.state == "enrolled":
            assert self.passed[-2] == "on_hold"


TestStay = Stay.TestCase


def test_the_codes_of_teds_are_those_of_the_public_use_file():
    assert {one.reason: one.teds for one in discharge_reasons().reasons} == TEDS


@pytest.mark.parametrize("state", sorted(ENDED))
def test_every_end_has_a_reason(state: State):
    assert any(one.ends_as == state for one in discharge_reasons().reasons)


@given(st.text(max_size=20))
def test_what_is_no_reason_is_not_found(word: str):
    found = discharge_reasons().of(word)
    assert (found is not None) == (word in TEDS)


def changed(**other: object) -> str:
    return yaml.safe_dump(discharge_reasons().model_dump(mode="json") | other)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (changed(reasons=[{"reason": "goals_met", "ends_as": "completed", "teds": 1}]), "reason."),
        (changed(step_down="goals_met"), "does not end a stay as stepped_down"),
        (changed(reasons=[{"reason": "a", "ends_as": "active", "teds": 8}]), "reasons.0.teds"),
        (changed(holds=[]), "holds"),
        (changed(more=1), "more"),
    ],
)
def test_a_file_that_leaves_something_open_is_refused(text: str, told: str):
    with pytest.raises(DataFileInvalid, match=told):
        parse(DischargeReasons, text, "reasons.yaml")
