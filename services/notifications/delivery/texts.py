"""What messages say: neutral texts kept as versioned data, checked when they are loaded.

Nothing of a client goes into a text but the local time of the appointment, so that whoever reads
over a shoulder learns no more than that there is one.
"""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from services.notifications.delivery.policy import Text, texts
from services.notifications.delivery.vocabulary import Kind

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def spoken(instant: datetime, zone: ZoneInfo, site_zone: ZoneInfo) -> str:
    """Weekday and wall-clock time in `zone`, such as `Tue 5:30 PM`.

    Where clocks at the site show another time the zone is named: `Tue 7:30 PM EDT`.
    """
    local = instant.astimezone(zone)
    half = "AM" if local.hour < 12 else "PM"
    told = f"{WEEKDAYS[local.weekday()]} {local.hour % 12 or 12}:{local.minute:02d} {half}"
    if local.utcoffset() == instant.astimezone(site_zone).utcoffset():
        return told
    name = local.tzname() or ""
    return f"{told} {name if name.isalpha() else f'UTC{name}'}"


def written(
    kind: Kind, site_id: UUID, session_starts_at: datetime, zone: ZoneInfo, site_zone: ZoneInfo
) -> Text:
    """The message of `kind` from a site for a session, in the recipient's zone."""
    text = texts(site_id).texts[kind]
    when = spoken(session_starts_at, zone, site_zone)
    return Text(subject=text.subject, body=text.body.format(when=when))
