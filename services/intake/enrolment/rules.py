"""The states of an enrolment, as a table."""

from shared.contracts.intake import EpisodeState

State = EpisodeState

ENDED: frozenset[State] = frozenset(
    (
        "stepped_down",
        "stepped_up",
        "completed",
        "left_against_advice",
        "transferred",
        "lost",
        "died",
    )
)
"""The stay is over. Who comes back is enrolled anew."""

NEXT: dict[State, frozenset[State]] = {
    "enrolled": ENDED.union(("active", "on_hold")),
    "active": ENDED.union(("on_hold",)),
    "on_hold": ENDED.union(("enrolled", "active")),
    **dict.fromkeys(ENDED, frozenset[State]()),
}
"""State → states that can follow. `enrolled` becomes `active` with the first service."""


def can_follow(state: State, following: State) -> bool:
    """Whether an enrolment can go from `state` to `following`."""
    return following in NEXT[state]


def resumed(*, served: bool) -> State:
    """The state after a hold: as it was, so `active` only when there was a first service."""
    return "active" if served else "enrolled"
