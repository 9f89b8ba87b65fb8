#!/bin/sh
# The parts of a time are integers of a width that is the library's own choice, and arithmetic with
# them keeps it. polars 2.1.0: hour and week are 8 bits wide, so that hour * 60 + minute of 18:30 is 86
# and the days of 53 weeks are 115. pandas 3.1.1: hour and minute are right, but the ISO week is
# unsigned, so that weeks before week 20 are thousands of millions ahead of it. DuckDB 2.0.1 has 64
# bits with a sign for all of them. None of the three says anything.
# Seen 2026-11-29 with Python 3.11 and numpy 2.4.6, output:
#   minute of the day: polars 86 pandas 1110 duckdb 1110
#   days of 53 weeks: polars 115 pandas 371 duckdb 371
#   weeks since week 20: polars -10 pandas 4294967286 duckdb -10
# What follows for us: minutes of a day, weeks and spans are computed on Python's dates; a column of
# parts is widened before anything is reckoned from it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  polars==2.1.0 pandas==3.1.1 duckdb==2.0.1 numpy==2.4.6
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
from datetime import datetime

import duckdb
import pandas
import polars

EVENING, LAST = datetime(2026, 3, 2, 18, 30), datetime(2026, 12, 31, 9)
MINUTE, DAYS, SINCE = "minute of the day", "days of 53 weeks", "weeks since week 20"
evening, last = polars.lit(EVENING).dt, polars.lit(LAST).dt
of_polars = polars.select(
    (evening.hour() * 60 + evening.minute()).alias(MINUTE),
    (last.week() * 7).alias(DAYS),
    (evening.week() - 20).alias(SINCE),
).row(0, named=True)
first, second = (pandas.Series([at]).dt for at in (EVENING, LAST))
of_pandas = {
    MINUTE: (first.hour * 60 + first.minute)[0],
    DAYS: (second.isocalendar().week * 7)[0],
    SINCE: (first.isocalendar().week - 20)[0],
}
row = duckdb.execute(
    "SELECT hour($1) * 60 + minute($1), weekofyear($2) * 7, weekofyear($1) - 20", [EVENING, LAST]
).fetchone()
for name, value in zip((MINUTE, DAYS, SINCE), row, strict=True):
    print(f"{name}: polars {of_polars[name]} pandas {of_pandas[name]} duckdb {value}")
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
minute of the day: polars 86 pandas 1110 duckdb 1110
days of 53 weeks: polars 115 pandas 371 duckdb 371
weeks since week 20: polars -10 pandas 4294967286 duckdb -10
EXPECTED
