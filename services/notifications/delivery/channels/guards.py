"""What keeps a provider from being called too often, or while it is out of order.

They belong to a process and live as long as it: a rate is one of each worker. All times are of a
monotonic clock, so that a clock that is set back silences nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime

SHORTEST, LONGEST = timedelta(seconds=1), timedelta(hours=1)


@dataclass(slots=True)
class Breaker:
    """Opens after `limit` failures in a row, for `pause` seconds; then one call tries again."""

    limit: int = 5
    pause: float = 30.0
    failures: int = 0
    open_until: float = 0.0

    def allows(self, now: float) -> bool:
        """Whether a call may be made; after the pause only the first one, until it is known how it
        fared."""
        if self.failures < self.limit:
            return True
        if now < self.open_until:
            return False
        self.open_until = now + self.pause
        return True

    def note(self, now: float, *, failed: bool) -> None:
        """A call was answered, or failed."""
        self.failures = self.failures + 1 if failed else 0
        if self.failures >= self.limit:
            self.open_until = now + self.pause


@dataclass(slots=True)
class Bucket:
    """At most `per_second` calls a second, and as many at once as come in one second."""

    per_second: float
    left: float | None = None
    at: float = 0.0

    def wait(self, now: float) -> float:
        """Seconds to wait before the call that is hereby counted."""
        most = max(1.0, self.per_second)
        kept = most if self.left is None else self.left + (now - self.at) * self.per_second
        left = min(most, kept) - 1
        self.left, self.at = left, now
        return max(0.0, -left / self.per_second)

    def give_back(self) -> None:
        """The call that was counted is not made."""
        self.left = (self.left or 0.0) + 1


@dataclass(slots=True)
class Guards:
    """Of one sender at one provider."""

    bucket: Bucket
    breaker: Breaker = field(default_factory=Breaker)


_GUARDS: dict[tuple[str, str], Guards] = {}


def guards_of(provider: str, sender: str, per_second: float) -> Guards:
    """The guards of a sender at a provider in this process."""
    known = _GUARDS.get((provider, sender))
    if known is None or known.bucket.per_second != per_second:
        known = _GUARDS[provider, sender] = Guards(Bucket(per_second))
    return known


def asked_pause(headers: Mapping[str, str]) -> timedelta | None:
    """How long an answer asks to be left alone: its Retry-After, a date being counted from the
    answer's own Date; between a second and an hour."""
    told = headers.get("retry-after", "").strip()
    try:
        if told.isdecimal():
            pause = timedelta(seconds=int(told))
        else:
            pause = parsedate_to_datetime(told) - parsedate_to_datetime(headers["date"])
    except (ValueError, KeyError, TypeError, OverflowError):
        return None
    return min(max(pause, SHORTEST), LONGEST)
