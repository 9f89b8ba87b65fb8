"""Hours of a week at which a client can come. No I/O, no clock.

A slot is a `Window` by the client's wall clock; slots may touch.
"""

from collections.abc import Iterable, Sequence
from datetime import time
from typing import Literal

from shared.weekly import MINUTES_A_DAY, Window

GROUP_OF_GENDER: dict[str, Literal["men", "women"]] = {"man": "men", "woman": "women"}
"""Gender-specific groups go by the client's stated gender."""


def time_of(minutes: int) -> time:
    """A time of the day; the midnight that ends it is shown as 00:00."""
    return time(minutes % MINUTES_A_DAY // 60, minutes % 60)


def first_backward(slots: Sequence[Window]) -> int | None:
    """The place of the first slot that does not end after its start on the same day."""
    return next((n for n, one in enumerate(slots) if not one.starts_minute < one.ends_minute), None)


def minutes_available(slots: Iterable[Window]) -> int:
    """Minutes of an ordinary week in slots that do not overlap."""
    return sum(one.ends_minute - one.starts_minute for one in slots)


def gender_group(wish: str, gender: str) -> Literal["men", "women"] | None:
    """The gender-specific group that is wished for; None for any group, and where the stated gender
    leads to none."""
    return GROUP_OF_GENDER.get(gender) if wish == "same_gender" else None
