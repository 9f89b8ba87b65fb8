"""The states of an enrolment, as a table."""

from typing import Literal

State = Literal["active", "stepped_down"]

NEXT: dict[State, dict[str, State]] = {
    "active": {"step_down": "stepped_down"},
    "stepped_down": {},
}
"""State → what happens → next state. What is not listed cannot happen."""

GROUP_OF_GENDER: dict[str, Literal["men", "women"]] = {"man": "men", "woman": "women"}
"""Gender-specific groups go by the client's stated gender."""


def after(state: State, happening: str) -> State | None:
    """The state that follows, or None when it cannot happen."""
    return NEXT[state].get(happening)
