"""What day it is at a site."""

from datetime import date, datetime
from zoneinfo import ZoneInfo


def day_at(instant: datetime, time_zone: str) -> date:
    """The date that a calendar on the wall of a site shows."""
    return instant.astimezone(ZoneInfo(time_zone)).date()
