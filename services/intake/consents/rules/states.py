"""The states of a consent, as a table."""

from datetime import datetime
from typing import Literal

State = Literal["granted", "revoked", "expired", "superseded"]
Happening = Literal["revoke", "expire", "supersede"]

NEXT: dict[State, dict[Happening, State]] = {
    "granted": {"revoke": "revoked", "expire": "expired", "supersede": "superseded"},
    "revoked": {},
    "expired": {},
    "superseded": {},
}
"""State → what happens → next state. What is not listed cannot happen: an end is for good."""


def after(state: State, happening: Happening) -> State | None:
    """The state that follows, or None when it cannot happen."""
    return NEXT[state].get(happening)


def state_at(state: State, expires_at: datetime | None, at: datetime) -> State:
    """The state that counts at an instant: the last day ends whether or not that is written."""
    due = expires_at is not None and expires_at <= at
    return (after(state, "expire") or state) if due else state
