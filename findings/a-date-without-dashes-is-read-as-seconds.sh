#!/bin/sh
# `20260301` is a date in the basic format of ISO 8601, as calendars (RFC 5545, VALUE=DATE) and payers'
# files write it. Python 3.11's datetime.fromisoformat reads 1 March 2026; pydantic 2.14.4 reads the
# same eight digits, given for a datetime, as seconds since 1970: an evening in August 1970, aware and
# in UTC, while the next longer form is refused and the form with dashes is midnight of no zone.
# pandas 3.1.1 reads the date. For a date, pydantic takes a number of seconds too, if it is midnight.
# Seen 2026-11-29 with Python 3.11, output:
#   20260301: fromisoformat 2026-03-01T00:00:00 pandas 2026-03-01T00:00:00 pydantic 1970-08-23T11:51:41+00:00
#   20260301T1800: fromisoformat 2026-03-01T18:00:00 pandas 2026-03-01T18:00:00 pydantic ValidationError
#   2026-03-01: fromisoformat 2026-03-01T00:00:00 pandas 2026-03-01T00:00:00 pydantic 2026-03-01T00:00:00
#   1772323200 as a date: 2026-03-01
# What follows for us: at the edge an instant has dashes, colons and an offset, and a date has dashes;
# everything else is refused with an example of what is wanted.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  pydantic==2.14.4 pandas==3.1.1 numpy==2.4.6
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
from datetime import date, datetime

import pandas
from pydantic import TypeAdapter, ValidationError

READERS = {
    "fromisoformat": datetime.fromisoformat,
    "pandas": pandas.Timestamp,
    "pydantic": TypeAdapter(datetime).validate_python,
}


def read(how, text):
    try:
        return how(text).isoformat()
    except ValidationError as error:
        return type(error).__name__


for text in ("20260301", "20260301T1800", "2026-03-01"):
    print(f"{text}:", *(f"{name} {read(how, text)}" for name, how in READERS.items()))
print("1772323200 as a date:", TypeAdapter(date).validate_python("1772323200"))
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
20260301: fromisoformat 2026-03-01T00:00:00 pandas 2026-03-01T00:00:00 pydantic 1970-08-23T11:51:41+00:00
20260301T1800: fromisoformat 2026-03-01T18:00:00 pandas 2026-03-01T18:00:00 pydantic ValidationError
2026-03-01: fromisoformat 2026-03-01T00:00:00 pandas 2026-03-01T00:00:00 pydantic 2026-03-01T00:00:00
1772323200 as a date: 2026-03-01
EXPECTED
