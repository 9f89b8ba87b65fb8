#!/bin/sh
# fastavro 1.13.1: a field that may hold a date or an instant, as a union of the logical types `date` and
# `timestamp-millis`, is written as a date whenever the date stands first, also when an instant is
# given: 18:30 is gone, and the day is the one of the zone that the value happens to carry. In Python
# a datetime is a date too, and the first member of the union that takes the value wins. With the members
# in the other order both come out as they went in, so that a schema and one that differs in nothing
# but the order of a union, which Avro's resolution of schemas takes for the same, write different
# facts. avro 1.12.2 of Apache writes the instant with the first order, and with the second it raises
# an error.
# Seen 2026-11-30 with Python 3.11, output:
#   date first, given 2026-03-02 18:30:00-07:00: fastavro 2026-03-02, avro 2026-03-03 01:30:00+00:00
#   date first, given 2026-03-03 01:30:00+00:00: fastavro 2026-03-03, avro 2026-03-03 01:30:00+00:00
#   instant first, given 2026-03-02 18:30:00-07:00: fastavro 2026-03-03 01:30:00+00:00, avro TypeError
#   instant first, given 2026-03-02: fastavro 2026-03-02, avro 2026-03-02
# What follows for us: no field of an event is a date or an instant by turns: a day has a field of its own,
# and so has an instant.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check avro==1.12.2 fastavro==1.13.1
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import io
import json
from datetime import UTC, date, datetime, timedelta, timezone

import avro.io
import avro.schema
import fastavro

DATE = {"type": "int", "logicalType": "date"}
INSTANT = {"type": "long", "logicalType": "timestamp-millis"}


def by_fastavro(union, value):
    file = io.BytesIO()
    fastavro.schemaless_writer(file, union, value)
    file.seek(0)
    return fastavro.schemaless_reader(file, union)


def by_avro(union, value):
    schema, file = avro.schema.parse(json.dumps(union)), io.BytesIO()
    try:
        avro.io.DatumWriter(schema).write(value, avro.io.BinaryEncoder(file))
    except TypeError as error:
        return type(error).__name__
    file.seek(0)
    return avro.io.DatumReader(schema).read(avro.io.BinaryDecoder(file))


evening = datetime(2026, 3, 2, 18, 30, tzinfo=timezone(timedelta(hours=-7)))
for name, union, value in (
    ("date first", ["null", DATE, INSTANT], evening),
    ("date first", ["null", DATE, INSTANT], evening.astimezone(UTC)),
    ("instant first", ["null", INSTANT, DATE], evening),
    ("instant first", ["null", INSTANT, DATE], date(2026, 3, 2)),
):
    print(f"{name}, given {value}: fastavro {by_fastavro(union, value)}, avro {by_avro(union, value)}")
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
date first, given 2026-03-02 18:30:00-07:00: fastavro 2026-03-02, avro 2026-03-03 01:30:00+00:00
date first, given 2026-03-03 01:30:00+00:00: fastavro 2026-03-03, avro 2026-03-03 01:30:00+00:00
instant first, given 2026-03-02 18:30:00-07:00: fastavro 2026-03-03 01:30:00+00:00, avro TypeError
instant first, given 2026-03-02: fastavro 2026-03-02, avro 2026-03-02
EXPECTED
