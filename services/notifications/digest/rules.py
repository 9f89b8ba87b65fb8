"""When a digest is due. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.notifications.timing.rules import at


@dataclass(frozen=True, slots=True)
class Morning:
    """The digest of a day: sent on the next one, from `due_at` until `expires_at`."""

    day: date
    due_at: datetime
    expires_at: datetime


def latest_morning(now: datetime, zone: ZoneInfo, clock: time, useful: timedelta) -> Morning:
    """The latest digest that is due by `now`, on the calendar of a zone. Each local day has one,
    however long the day is, and a clock that is moved back finds the same one again."""
    today = now.astimezone(zone).date()
    due_at = at(today, clock, zone)
    if due_at > now:
        today -= timedelta(days=1)
        due_at = at(today, clock, zone)
    return Morning(today - timedelta(days=1), due_at, due_at + useful)


def next_morning(now: datetime, zone: ZoneInfo, clock: time) -> datetime:
    """The next instant after `now` at which a digest is due."""
    today = now.astimezone(zone).date()
    return next(
        instant
        for instant in (at(today + timedelta(days=n), clock, zone) for n in range(3))
        if instant > now
    )
