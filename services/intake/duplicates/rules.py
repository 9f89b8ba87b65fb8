"""When two clients may be merged, and when a merge may be undone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Refusal = Literal["survivor_was_merged", "already_merged", "others_merged_into_it", "in_program"]
MergeState = Literal["in_force", "undone"]
MergeHappening = Literal["undo"]

NEXT: dict[MergeState, dict[MergeHappening, MergeState]] = {
    "in_force": {"undo": "undone"},
    "undone": {},
}
"""State of a merge → what happens → next state. Two clients are merged again by a new merge."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides on merging a client."""

    is_merged: bool
    """Another client goes on for it."""
    stands_for_others: bool
    """It goes on for others."""
    in_program: bool
    """It has a stay in the program that has not ended."""


def refusal(survivor: Standing, merged: Standing) -> Refusal | None:
    """Why `merged` cannot be merged into `survivor`; None when it can.

    A client that stands for others is not given up, and one that was given up gets none: so nobody
    is ever two steps away from the client that goes on, there is no circle, and an undo brings back
    what was before. Whoever is in the program goes on, as others look for the stay under that id;
    so two clients in the program are never merged.
    """
    table: Mapping[Refusal, bool] = {
        "survivor_was_merged": survivor.is_merged,
        "already_merged": merged.is_merged,
        "others_merged_into_it": merged.stands_for_others,
        "in_program": merged.in_program,
    }
    return next((why for why, holds in table.items() if holds), None)


def after(state: MergeState, happening: MergeHappening) -> MergeState | None:
    """The state that follows, or None when it cannot happen."""
    return NEXT[state].get(happening)
