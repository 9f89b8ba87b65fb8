"""When a week at a site and a phase of a cohort are over, and which phase follows. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Path = Literal["end_of_week", "next_phase"]


def end_of_week(instant: datetime, zone: str) -> datetime:
    """The first Monday 00:00 by the site's clock that is not before `instant`, in UTC."""
    return end_of_phase(instant, 0, zone)


def end_of_phase(began_at: datetime, weeks: int, zone: str) -> datetime:
    """The end of a phase: the first end of a week at the site by which it has lasted its weeks, so
    that none is shorter; in UTC."""
    over = began_at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) + timedelta(weeks=weeks)
    monday = datetime.combine(over.date() - timedelta(days=over.weekday()), time())
    if monday < over:
        monday += timedelta(weeks=1)
    return monday.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def next_phase(phase: int, weeks: Sequence[int]) -> int | None:
    """The phase after this one, counted from 1; None after the last. `weeks` are those of each."""
    return phase + 1 if phase < len(weeks) else None
