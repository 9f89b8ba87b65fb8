"""The life of a questionnaire and of a link to it: two tables."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

State = Literal["open", "completed", "expired", "withdrawn"]
Action = Literal["save", "issue_link", "complete", "withdraw", "expire"]
LIFE: dict[tuple[State, Action], State] = {
    ("open", "save"): "open",
    ("open", "issue_link"): "open",
    ("open", "complete"): "completed",
    ("open", "withdraw"): "withdrawn",
    ("open", "expire"): "expired",
}
"""What may be done in which state, and where it leads; anything else is refused."""

LinkState = Literal["issued", "opened", "expired", "revoked"]
LinkAction = Literal["open", "use", "revoke"]
LINK: dict[tuple[LinkState, LinkAction], LinkState] = {
    ("issued", "open"): "opened",
    ("issued", "revoke"): "revoked",
    ("opened", "use"): "opened",
    ("opened", "revoke"): "revoked",
    ("expired", "revoke"): "revoked",
}
"""`open` exchanges a link for the session of one browser, once; `use` is a request by it."""


@dataclass(frozen=True, slots=True)
class LinkTimes:
    """What is known of a link."""

    valid_until: datetime
    """From this instant on it cannot be opened. A session that it opened goes on."""
    opened_at: datetime | None
    revoked_at: datetime | None


def state_at(state: State, expires_at: datetime, now: datetime) -> State:
    """The state at an instant: an open one is over from `expires_at` on, whoever wrote it down."""
    return "expired" if state == "open" and now >= expires_at else state


def after(state: State, action: Action) -> State | None:
    """Where an action leads; None where it may not be done."""
    return LIFE.get((state, action))


def link_state(link: LinkTimes, now: datetime) -> LinkState:
    """The state of a link at an instant."""
    if link.revoked_at is not None:
        return "revoked"
    if link.opened_at is not None:
        return "opened"
    return "expired" if now >= link.valid_until else "issued"


def link_after(
    link: LinkTimes, questionnaire: State, action: LinkAction, now: datetime
) -> LinkState | None:
    """Where an action on a link leads; None where it may not be done.

    A link to a questionnaire that is over opens nothing and its session is at its end.
    """
    if questionnaire != "open" and action != "revoke":
        return None
    return LINK.get((link_state(link, now), action))


def valid_until(now: datetime, link_hours: int, expires_at: datetime) -> datetime:
    """How long a link issued now can be opened: never longer than the questionnaire is open."""
    return min(now + timedelta(hours=link_hours), expires_at)
