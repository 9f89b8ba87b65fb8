"""When leave begins and ends, and which credentials expire soon. No I/O, no clock."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.scheduling.directory.rules import Credential


def leave_time(starts: date, ends: date, time_zone: str) -> tuple[datetime, datetime]:
    """From the first instant of leave to the one at which the person is back, in UTC.

    Each is an instant, or a day of the calendar in that zone: the first and the last one away.
    """
    zone = ZoneInfo(time_zone)
    if not isinstance(starts, datetime):
        starts = datetime.combine(starts, time(), zone)
    if not isinstance(ends, datetime):
        ends = datetime.combine(ends + timedelta(days=1), time(), zone)
    return starts.astimezone(UTC), ends.astimezone(UTC)


def expiring(
    credentials: Iterable[Credential], on: date, lead_days: int
) -> tuple[list[Credential], date | None]:
    """Those whose last day is so many days ahead at most, and the next day on which there is
    another one. What has expired already comes too late to be told."""
    ahead = timedelta(days=lead_days)
    dated = [(one.expires_on, one) for one in credentials if one.expires_on is not None]
    soon = [one for last, one in dated if on <= last <= on + ahead]
    return soon, min((last - ahead for last, _ in dated if last > on + ahead), default=None)
