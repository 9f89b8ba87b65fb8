"""What is known of a client, and how much of a week's sessions is within the hours of one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.contracts.intake import AgeBand, GenderGroup

DAY = 24 * 60
WEEK = 7 * DAY
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Window:
    """A time of each week, in minutes since Monday 00:00 by the client's own clock."""

    starts: int
    ends: int


@dataclass(frozen=True, slots=True)
class Meeting:
    """A session as far as it takes somebody's time: an aware instant, and minutes."""

    starts_at: datetime
    minutes: int


@dataclass(frozen=True, slots=True)
class Client:
    """What is known of a client. None, and no windows, are what is not known: nothing is held
    against anybody by it."""

    zone: str | None = None
    windows: tuple[Window, ...] = ()
    telehealth: bool | None = None
    needs_transport: bool | None = None
    language: str | None = None
    """BCP 47."""
    wished_group: GenderGroup | None = None
    needs: frozenset[str] = frozenset()
    court_referred: bool = False
    age_band: AgeBand | None = None
    level_of_care: str | None = None
    apart_from: frozenset[UUID] = field(default=frozenset())
    """Clients whom this one must not meet in a group."""
    familiar: frozenset[UUID] = field(default=frozenset())
    """Cohorts of a therapist whom this client had."""


def within(meetings: Iterable[Meeting], windows: Sequence[Window], zone: ZoneInfo) -> int:
    """How many minutes of these sessions are in the windows, which do not overlap.

    A session is laid on the client's clock where it begins; it lasts its minutes in real time.
    """
    total = 0
    for meeting in meetings:
        local = meeting.starts_at.astimezone(zone)
        starts = local.weekday() * DAY + local.hour * 60 + local.minute
        ends = starts + meeting.minutes
        for window in windows:
            for turn in (0, WEEK):  # a session of Sunday night goes on in Monday's windows
                shared = min(ends, window.ends + turn) - max(starts, window.starts + turn)
                total += max(0, shared)
    return total


def comes_after(minute_of_day: int, windows: Sequence[Window]) -> bool:
    """Whether a part of the windows is later on its day than that minute."""
    return any((window.ends - 1) % DAY >= minute_of_day for window in windows)
