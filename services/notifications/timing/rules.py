"""Quiet hours and due times. Pure: instants are aware, in any zone; results are in UTC.

Spans of time are added in UTC: in a zone, adding a day means the same wall clock and not 24 hours.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@dataclass(frozen=True, slots=True)
class Window:
    """The local hours in which messages go out: from `opens` up to, not including, `closes`.

    A message that is moved forward to escape quiet hours goes out `before_close` ahead of the
    closing, so that there is time for another attempt.
    """

    opens: time
    closes: time
    before_close: timedelta


@dataclass(frozen=True, slots=True)
class ReminderRule:
    """A reminder goes out `lead` before the session; after quiet hours only if `margin` is left."""

    lead: timedelta
    margin: timedelta


def zone_of(stated: str | None, site: str) -> ZoneInfo:
    """The recipient's zone: the one stated by the client, else the site's.

    A stated zone that the zone database does not know counts as none. An area code is no evidence
    of where somebody lives and is not looked at.
    """
    if stated is not None:
        try:
            return ZoneInfo(stated)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
    return ZoneInfo(site)


def is_open(instant: datetime, zone: ZoneInfo, window: Window) -> bool:
    """Whether a message may go out at `instant` in the recipient's zone."""
    return window.opens <= instant.astimezone(zone).time() < window.closes


def next_open(instant: datetime, zone: ZoneInfo, window: Window) -> datetime:
    """`instant` itself if messages may go out then, else the next opening of the window, in UTC."""
    if is_open(instant, zone, window):
        return instant.astimezone(UTC)
    local = instant.astimezone(zone)
    day = local.date() if local.time() < window.opens else local.date() + timedelta(days=1)
    return at(day, window.opens, zone)


def last_open(instant: datetime, zone: ZoneInfo, window: Window) -> datetime:
    """The latest planned instant, `before_close`, of the window that closed before `instant`."""
    local = instant.astimezone(zone)
    day = local.date() if local.time() >= window.closes else local.date() - timedelta(days=1)
    return at(day, window.closes, zone) - window.before_close


def at(day: date, wall: time, zone: ZoneInfo) -> datetime:
    """The instant at which clocks in `zone` show `wall` on `day`, in UTC."""
    return datetime.combine(day, wall, zone).astimezone(UTC)


def reminder_due(
    starts_at: datetime,
    *,
    not_before: datetime,
    zone: ZoneInfo,
    window: Window,
    rule: ReminderRule,
) -> datetime | None:
    """When to remind of a session that starts at `starts_at`, in UTC; None when it is too late.

    The reminder is wanted `lead` before the start, or at once when that has passed. If the wanted
    instant lies in quiet hours, the reminder moves to the next opening; if the session then starts
    within `margin`, to before the quiet hours instead. Where that too has passed, a reminder with
    less than `margin` is better than none. The result is always inside the window, never before
    `not_before` and always before `starts_at`.
    """
    starts_at, not_before = starts_at.astimezone(UTC), not_before.astimezone(UTC)
    wanted = max(starts_at - rule.lead, not_before)
    if wanted >= starts_at:
        return None
    if is_open(wanted, zone, window):
        return wanted
    later = next_open(wanted, zone, window)
    if later + rule.margin <= starts_at:
        return later
    earlier = last_open(wanted, zone, window)
    if earlier >= not_before:
        return earlier
    return later if later < starts_at else None
