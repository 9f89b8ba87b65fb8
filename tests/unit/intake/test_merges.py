"""Merging and undoing in any order keeps everybody one step from who goes on."""

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.strategies import data, integers, sampled_from

from services.intake.duplicates.commands import DETAILS
from services.intake.duplicates.rules import NEXT, Refusal, Standing, after, refusal

FREE = Standing(is_merged=False, stands_for_others=False, in_program=False)
MERGED = Standing(is_merged=True, stands_for_others=False, in_program=False)
STANDS = Standing(is_merged=False, stands_for_others=True, in_program=False)
IN_PROGRAM = Standing(is_merged=False, stands_for_others=False, in_program=True)


@pytest.mark.parametrize(
    ("survivor", "merged", "why"),
    [
        (FREE, FREE, None),
        (STANDS, FREE, None),
        (IN_PROGRAM, FREE, None),
        (MERGED, FREE, "survivor_was_merged"),
        (FREE, MERGED, "already_merged"),
        (FREE, STANDS, "others_merged_into_it"),
        (FREE, IN_PROGRAM, "in_program"),
        (IN_PROGRAM, IN_PROGRAM, "in_program"),
    ],
)
def test_who_may_be_merged_into_whom(survivor: Standing, merged: Standing, why: Refusal | None):
    assert refusal(survivor, merged) == why
    if why is not None:
        pointer, detail = DETAILS[why]
        assert pointer in ("/survivor_id", "/merged_id")
        assert detail


def test_a_merge_is_undone_once():
    assert after("in_force", "undo") == "undone"
    assert after("undone", "undo") is None
    assert set(NEXT) == {"in_force", "undone"}


class MergeMachine(RuleBasedStateMachine):
    """Seven clients, two of them in the program, merged and unmerged in any order."""

    clients = range(7)
    in_program = frozenset((0, 1))

    @initialize()
    def separate(self) -> None:
        self.merged_into: dict[int, int] = {}
        self.before: dict[int, dict[int, int]] = {}

    def standing(self, client: int) -> Standing:
        return Standing(
            client in self.merged_into,
            client in self.merged_into.values(),
            client in self.in_program,
        )

    @rule(survivor=integers(0, 6), merged=integers(0, 6))
    def merge(self, survivor: int, merged: int) -> None:
        if survivor == merged:
            return
        if refusal(self.standing(survivor), self.standing(merged)) is None:
            self.before[merged] = dict(self.merged_into)
            self.merged_into[merged] = survivor

    @rule(choice=data())
    def undo(self, choice) -> None:
        if not self.merged_into:
            return
        merged = choice.draw(sampled_from(sorted(self.merged_into)))
        others = {one: into for one, into in self.merged_into.items() if one != merged}
        del self.merged_into[merged]
        assert self.merged_into == others, "an undo changes nothing else"
        assert refusal(self.standing(merged), FREE) is None, "it stands for itself again"
        assert not self.standing(merged).stands_for_others

    @invariant()
    def nobody_is_two_steps_away_so_there_is_no_circle(self) -> None:
        assert not set(self.merged_into) & set(self.merged_into.values())

    @invariant()
    def who_is_in_the_program_goes_on(self) -> None:
        assert not self.in_program & set(self.merged_into)


MergeMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=15)
TestMergeMachine = MergeMachine.TestCase
