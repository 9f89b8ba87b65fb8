"""Hours of a week at which a client can come. No I/O, no clock.

A slot is by the client's wall clock, in minutes since midnight; 1,440 is the midnight that ends
the day. It holds its start and not its end, so that slots may touch.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import time
from itertools import pairwise
from typing import Literal

MINUTES_A_DAY = 1440
GROUP_OF_GENDER: dict[str, Literal["men", "women"]] = {"man": "men", "woman": "women"}
"""Gender-specific groups go by the client's stated gender."""


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A time of each week. `weekday` is ISO's: 1 is Monday, 7 is Sunday."""

    weekday: int
    starts: int
    ends: int


def minutes_of(text: str) -> int:
    """Minutes since midnight of a time such as `17:30` or `24:00`."""
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def time_of(minutes: int) -> time:
    """A time of the day; the midnight that ends it is shown as 00:00."""
    return time(minutes % MINUTES_A_DAY // 60, minutes % 60)


def first_backward(slots: Sequence[Slot]) -> int | None:
    """The place of the first slot that does not end after its start on the same day."""
    return next((n for n, one in enumerate(slots) if not one.starts < one.ends), None)


def first_overlapping(slots: Sequence[Slot]) -> int | None:
    """The place of the first slot that begins before another one of its day ends.

    Of two that begin at the same time the later in the list is named.
    """
    placed = sorted(enumerate(slots), key=lambda one: (one[1].weekday, one[1].starts, one[0]))
    for (_, before), (n, after) in pairwise(placed):
        if before.weekday == after.weekday and after.starts < before.ends:
            return n
    return None


def minutes_available(slots: Iterable[Slot]) -> int:
    """Minutes of an ordinary week in slots that do not overlap."""
    return sum(one.ends - one.starts for one in slots)


def gender_group(wish: str, gender: str) -> Literal["men", "women"] | None:
    """The gender-specific group that is wished for; None for any group, and where the stated gender
    leads to none."""
    return GROUP_OF_GENDER.get(gender) if wish == "same_gender" else None
