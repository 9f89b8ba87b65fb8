"""When leave begins and ends. No I/O, no clock."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


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
