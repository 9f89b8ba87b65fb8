#!/bin/sh
# icalendar 7.3.2 with recurring-ical-events 3.8.2: a weekly event that lasts over a change of clocks
# gets an hour too much in autumn and too little in spring, whether its length is written as an end or
# as a duration of so many hours. RFC 5545 (3.8.5.3) gives all members of a recurrence the exact
# duration of the first when DTEND is used, and hours of a DURATION are exact (3.3.6: only days and
# weeks are nominal). The library adds the length to the wall clock instead, so a shift or a stay at
# night that is unfolded by it is paid, staffed or counted with nine or seven hours instead of eight.
# Seen 2026-11-30 with Python 3.11, output:
#   DTEND: 8, 9, 8 hours in autumn, 8, 7, 8 hours in spring
#   DURATION:PT8H: 8, 9, 8 hours in autumn, 8, 7, 8 hours in spring
# What follows for us: calendar feeds hold an event for each session with its own start and end, and
# sessions are made from a start by the wall clock and minutes that are added in UTC.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  icalendar==7.3.2 recurring-ical-events==3.8.2 x-wr-timezone==2.0.1 tzdata
cd "$folder"
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
from datetime import UTC, date, timedelta

import icalendar
import recurring_ical_events

EVENT = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//on call//EN
BEGIN:VEVENT
UID:on-call@example.org
DTSTAMP:20260101T000000Z
DTSTART;TZID=America/Denver:{start}T230000
{length}
RRULE:FREQ=WEEKLY;COUNT=3
SUMMARY:On call
END:VEVENT
END:VCALENDAR
"""
LENGTHS = {"DTEND": "DTEND;TZID=America/Denver:{end}T070000", "DURATION:PT8H": "DURATION:PT8H"}
SEASONS = {"autumn": date(2026, 10, 24), "spring": date(2026, 2, 28)}


def hours(first, length):
    """Real hours of three nights, of which the second has a change of clocks."""
    start, end = (f"{day:%Y%m%d}" for day in (first, first + timedelta(days=1)))
    text = EVENT.format(start=start, length=length.format(end=end))
    events = recurring_ical_events.of(icalendar.Calendar.from_ical(text))
    nights = events.between(first, first + timedelta(weeks=4))
    lasted = [night.end.astimezone(UTC) - night.start.astimezone(UTC) for night in nights]
    return ", ".join(f"{one / timedelta(hours=1):g}" for one in lasted)


for name, length in LENGTHS.items():
    seen = [f"{hours(first, length)} hours in {season}" for season, first in SEASONS.items()]
    print(f"{name}: {', '.join(seen)}")
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
DTEND: 8, 9, 8 hours in autumn, 8, 7, 8 hours in spring
DURATION:PT8H: 8, 9, 8 hours in autumn, 8, 7, 8 hours in spring
EXPECTED
