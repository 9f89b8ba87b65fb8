"""When an attempt can have been made, and which outcome brings a referral forward."""

from datetime import datetime
from typing import Literal

REACHED = "reached"
"""The outcome after which the person counts as contacted. Who refused to talk was not reached."""


def untimely(
    attempted_at: datetime, received_at: datetime, now: datetime
) -> Literal["before_referral", "in_future"] | None:
    """Why nobody can have tried at that instant; None when somebody can."""
    if attempted_at > now:
        return "in_future"
    return "before_referral" if attempted_at < received_at else None
