"""How urgent a seat is for who waits, and how long one is held. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.scheduling.placement.policy import Finding, OfferPolicy
from shared.weekly import Window

NO_URGENCY = 1_000
"""Behind every urgent client."""
DAYS_AHEAD = 31
"""A site that is closed for longer has no opening to wait for."""


def urgency_of(found: Mapping[Finding, datetime], order: Sequence[Finding], since: datetime) -> int:
    """The place of the most urgent of what was found after `since`, or NO_URGENCY."""
    counting = (order.index(one) for one, at in found.items() if one in order and at > since)
    return min(counting, default=NO_URGENCY)


def expiry(
    now: datetime, times: OfferPolicy, at: str, openings: Sequence[Window], closed: Sequence[date]
) -> datetime:
    """Until when a seat is held that is offered at `now`, in UTC, by the clock of the zone `at`.

    A site without opening hours is always open but for the days in `closed`.
    """
    end, zone = now + timedelta(hours=times.hours), ZoneInfo(at)
    local = end.astimezone(zone)
    hours = openings or [Window(weekday, 0, 1440) for weekday in range(1, 8)]
    for ahead in range(DAYS_AHEAD):
        day = local.date() + timedelta(days=ahead)
        on_day = [one for one in hours if one.weekday == day.isoweekday() and day not in closed]
        for one in sorted(on_day):
            opens, closes = (
                (datetime.combine(day, time(), zone) + timedelta(minutes=minute)).astimezone(UTC)
                for minute in (one.starts_minute, one.ends_minute)
            )
            if opens <= end < closes:
                return end
            if opens > end:
                return opens + timedelta(minutes=times.minutes_after_opening)
    return end
