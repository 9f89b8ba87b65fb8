"""Who signs what, and when it is final."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.intake.level_of_care.rules.signing import (
    NEXT,
    Reason,
    State,
    after,
    signs_below,
    unfit_signature,
)
from tests.unit.intake.levels import POLICY

LEVELS = [one.level for one in POLICY.levels]


@pytest.mark.parametrize(
    ("recommended", "final", "reason", "note", "field"),
    [
        ("2.1", None, None, None, None),
        ("2.1", "2.1", None, None, None),
        ("2.1", "2.5", "payer", None, None),
        ("2.1", "1", "clinical_judgement", "Lives next door.", None),
        (None, "2.1", "client_choice", None, None),
        (None, None, None, None, "final_level"),
        (None, None, "payer", None, "final_level"),
        ("2.1", "9.9", "payer", None, "final_level"),
        ("2.1", "2.5", None, None, "override_reason"),
        (None, "2.1", None, None, "override_reason"),
        ("2.1", "2.1", "payer", None, "override_reason"),
        ("2.1", None, "payer", None, "override_reason"),
        ("2.1", "2.5", "clinical_judgement", None, "note"),
    ],
)
def test_a_signature_says_one_thing(
    recommended: str | None,
    final: str | None,
    reason: Reason | None,
    note: str | None,
    field: str | None,
):
    wrong = unfit_signature(POLICY, recommended, final, reason, note)
    assert (wrong.field if wrong else None) == field
    if wrong:
        assert wrong.detail in DETAILS[wrong.field]


DETAILS = {
    "final_level": {
        "There is no recommended level: name the level and why.",
        "The policy has no such level.",
    },
    "override_reason": {
        "Another level than the recommended one needs a reason.",
        "The recommended level is signed without a reason.",
    },
    "note": {"Say in a note what the clinical judgement rests on."},
}


@pytest.mark.parametrize(
    ("recommended", "final", "below"),
    [
        ("2.1", "2.1", False),
        ("2.1", "2.5", False),
        ("2.1", "1", True),
        ("3.1", "2.5", True),
        (None, "2.1", True),
        (None, "4", True),
        ("9.9", "4", True),
        ("2.1", "9.9", True),
    ],
)
def test_a_lower_level_needs_a_second_clinician(recommended: str | None, final: str, below: bool):
    assert signs_below(POLICY, recommended, final) is below


def test_what_is_signed_or_superseded_is_never_signed_again():
    for state in ("signed", "superseded"):
        for happening in ("sign", "sign_below", "sign_second"):
            assert after(state, happening) is None  # type: ignore[arg-type]
    assert NEXT["superseded"] == {}


class Signing(RuleBasedStateMachine):
    """Decisions of one client, made and signed in any order."""

    @initialize(level=st.sampled_from([*LEVELS, None]))
    def determine_first(self, level: str | None) -> None:
        self.decisions: list[dict[str, Any]] = []
        self.determine(level)

    @rule(level=st.sampled_from([*LEVELS, None]))
    def determine(self, level: str | None) -> None:
        for one in self.decisions:
            one["state"] = after(one["state"], "supersede") or one["state"]
        self.decisions.append(
            {"state": "determined", "recommended": level, "final": None, "signers": []}
        )

    @rule(final=st.sampled_from([*LEVELS, None]), reasoned=st.booleans(), who=st.integers(1, 3))
    def sign(self, final: str | None, reasoned: bool, who: int) -> None:
        for one in self.decisions:
            reason: Reason | None = "payer" if reasoned else None
            if unfit_signature(POLICY, one["recommended"], final, reason, None):
                continue
            taken = final or one["recommended"]
            below = signs_below(POLICY, one["recommended"], taken)
            state = after(one["state"], "sign_below" if below else "sign")
            if state is not None:
                one |= {"state": state, "final": taken, "signers": [who]}

    @rule(who=st.integers(1, 3))
    def sign_second(self, who: int) -> None:
        for one in self.decisions:
            state = after(one["state"], "sign_second")
            if state is not None and who not in one["signers"]:
                one |= {"state": state, "signers": [*one["signers"], who]}

    @invariant()
    def the_latest_is_in_force_and_no_other(self) -> None:
        states: list[State] = [one["state"] for one in self.decisions]
        assert states[-1] != "superseded"
        assert set(states[:-1]) <= {"superseded"}

    @invariant()
    def below_the_recommended_level_two_have_signed(self) -> None:
        for one in self.decisions:
            if one["state"] != "signed":
                continue
            assert one["final"] is not None
            wanted = one["recommended"]
            lower = wanted is None or LEVELS.index(one["final"]) < LEVELS.index(wanted)
            assert len(set(one["signers"])) == (2 if lower else 1)


TestSigning = Signing.TestCase
TestSigning.settings = settings(max_examples=30, stateful_step_count=20)
