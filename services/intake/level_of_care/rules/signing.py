"""The states of a determination, as a table, and what a signature says."""

from dataclasses import dataclass
from typing import Literal

from services.intake.level_of_care.rules.policy import LevelOfCarePolicy

State = Literal["determined", "awaiting_second_signature", "signed", "superseded"]
Happening = Literal["sign", "sign_below", "sign_second", "supersede"]
Reason = Literal[
    "client_choice",
    "availability",
    "payer",
    "legal",
    "geography",
    "waitlist",
    "clinical_judgement",
]

NEXT: dict[State, dict[Happening, State]] = {
    "determined": {
        "sign": "signed",
        "sign_below": "awaiting_second_signature",
        "supersede": "superseded",
    },
    "awaiting_second_signature": {"sign_second": "signed", "supersede": "superseded"},
    "signed": {"supersede": "superseded"},
    "superseded": {},
}
"""State → what happens → next state. What is not listed cannot happen."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """What is wrong with a signature, and where."""

    field: Literal["final_level", "override_reason", "note"]
    detail: str


def after(state: State, happening: Happening) -> State | None:
    """The state that follows, or None when it cannot happen."""
    return NEXT[state].get(happening)


def unfit_signature(
    policy: LevelOfCarePolicy,
    recommended: str | None,
    final: str | None,
    reason: Reason | None,
    note: str | None,
) -> Unfit | None:
    """What keeps a signature from saying one thing; `final` is None for the recommended level."""
    if final is None and recommended is None:
        return Unfit("final_level", "There is no recommended level: name the level and why.")
    if final is not None and policy.place_of(final) is None:
        return Unfit("final_level", "The policy has no such level.")
    overrides = final not in (None, recommended)
    if overrides and reason is None:
        return Unfit("override_reason", "Another level than the recommended one needs a reason.")
    if not overrides and reason is not None:
        return Unfit("override_reason", "The recommended level is signed without a reason.")
    if reason == "clinical_judgement" and note is None:
        return Unfit("note", "Say in a note what the clinical judgement rests on.")
    return None


def signs_below(policy: LevelOfCarePolicy, recommended: str | None, final: str) -> bool:
    """Whether a second clinician has to sign.

    For a level below the recommended one in the policy's order, and for any level while an
    evaluation is open: nobody knows yet how much is needed.
    """
    if recommended is None:
        return True
    wanted, taken = policy.place_of(recommended), policy.place_of(final)
    return wanted is None or taken is None or taken < wanted
