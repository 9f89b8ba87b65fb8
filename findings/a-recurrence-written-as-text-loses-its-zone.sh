#!/bin/sh
# python-dateutil 2.9.0.post0: a rule that is written as text with str() is not the rule that it was.
# The zone of its start and the Z of its UNTIL are left out. Read back, the Monday evening group at
# 18:00 in Denver is a group at 18:00 of no zone; with the start given in its zone as before, the text
# with an UNTIL is refused, though the library itself wrote it. The same through `rrule.replace`
# keeps the zone, so a test that changes rules in memory shows nothing.
# Seen 2026-11-29 with Python 3.11 and tzdata 2026.6, output:
#   as it was: 2026-10-26T18:00:00-06:00 2026-11-02T18:00:00-07:00
#   read back: 2026-10-26T18:00:00 2026-11-02T18:00:00
#   with its start: ValueError
#   replaced: 2026-10-26T18:00:00-06:00 2026-11-02T18:00:00-07:00
# What follows for us: the text that a site gave is what is stored, with the site's zone beside it;
# no text is made of a rule.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  python-dateutil==2.9.0.post0 tzdata==2026.6
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import zoneinfo
from datetime import datetime

from dateutil.rrule import WEEKLY, rrule, rrulestr

zoneinfo.reset_tzpath(())
DENVER = zoneinfo.ZoneInfo("America/Denver")
FIRST = datetime(2026, 10, 26, 18, tzinfo=DENVER)
LAST = datetime(2026, 11, 2, 18, tzinfo=DENVER)


def show(what, rule):
    print(f"{what}:", *(start.isoformat() for start in rule))


group = rrule(WEEKLY, dtstart=FIRST, until=LAST)
show("as it was", group)
text = str(group)
show("read back", rrulestr(text))
try:
    show("with its start", rrulestr(text.splitlines()[1], dtstart=FIRST))
except ValueError as error:
    print("with its start:", type(error).__name__)
show("replaced", group.replace(interval=1))
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
as it was: 2026-10-26T18:00:00-06:00 2026-11-02T18:00:00-07:00
read back: 2026-10-26T18:00:00 2026-11-02T18:00:00
with its start: ValueError
replaced: 2026-10-26T18:00:00-06:00 2026-11-02T18:00:00-07:00
EXPECTED
