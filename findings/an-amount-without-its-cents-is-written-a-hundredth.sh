#!/bin/sh
# avro 1.12.2 (Apache's own package for Python): a decimal that has fewer digits behind the point than the
# schema's scale is written as if it had all of them. Avro's specification (logical type "decimal")
# says that the unscaled integer is what is written and that the scale is that of the schema, so 100
# with scale 2 is the integer 10000. The package writes the digits that a Decimal happens to hold: 100
# comes out as 1.00 and 11.5 as 1.15, to every reader, of this package and of others. More digits than the
# scale are refused, fewer are not. A Decimal that comes of a whole number, of a sum of whole amounts or
# of `normalize()` has few. fastavro 1.13.1 writes all of them right; both read alike.
# Seen 2026-11-30 with Python 3.11, output:
#   11.50: by avro 11.50, by fastavro 11.50
#   11.5: by avro 1.15, by fastavro 11.50
#   100: by avro 1.00, by fastavro 100.00
#   1E+2: by avro 0.01, by fastavro 100.00
#   -40: by avro -0.40, by fastavro -40.00
#   11.505: by avro AvroOutOfScaleException, by fastavro ValueError
# What follows for us: amounts are whole cents, in the database, in answers and in events; a subscriber who
# turns events into Avro sends cents as a long.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check avro==1.12.2 fastavro==1.13.1
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import io
import json
from decimal import Decimal

import avro.io
import avro.schema
import fastavro

DOLLARS = {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}
schema = avro.schema.parse(json.dumps(DOLLARS))


def by_avro(amount):
    file = io.BytesIO()
    avro.io.DatumWriter(schema).write(amount, avro.io.BinaryEncoder(file))
    return file


def by_fastavro(amount):
    file = io.BytesIO()
    fastavro.schemaless_writer(file, DOLLARS, amount)
    return file


def read(write, amount):
    """What both read of it, or why it was not written."""
    try:
        data = write(amount).getvalue()
    except Exception as error:
        return type(error).__name__
    theirs = fastavro.schemaless_reader(io.BytesIO(data), DOLLARS)
    ours = avro.io.DatumReader(schema).read(avro.io.BinaryDecoder(io.BytesIO(data)))
    assert ours == theirs
    return theirs


for text in ("11.50", "11.5", "100", "1E+2", "-40", "11.505"):
    amount = Decimal(text)
    print(f"{text}: by avro {read(by_avro, amount)}, by fastavro {read(by_fastavro, amount)}")
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
11.50: by avro 11.50, by fastavro 11.50
11.5: by avro 1.15, by fastavro 11.50
100: by avro 1.00, by fastavro 100.00
1E+2: by avro 0.01, by fastavro 100.00
-40: by avro -0.40, by fastavro -40.00
11.505: by avro AvroOutOfScaleException, by fastavro ValueError
EXPECTED
