#!/bin/sh
# asyncpg 0.32.0 gives ids as a class of its own below uuid.UUID: equal to it, with its hash, and an
# instance of it. orjson 3.13.0, which writes uuid.UUID by itself, refuses them as values and as keys;
# msgspec 0.23.0 and pydantic 2.14.4 write them. A list of ids that a test makes with uuid4() is
# written, the same list from a query is not.
# Seen 2026-11-29 with Python 3.11, output:
#   equal True instance True
#   orjson: TypeError
#   orjson, as a key: TypeError
#   msgspec: "12345678-1234-5678-1234-567812345678"
#   pydantic: "12345678-1234-5678-1234-567812345678"
# What follows for us: what is written as JSON goes through a pydantic model, or names its ids with
# str(); tests take ids from the database.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  asyncpg==0.32.0 orjson==3.13.0 msgspec==0.23.0 pydantic==2.14.4
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import uuid

import msgspec
import orjson
from asyncpg.pgproto import pgproto
from pydantic import TypeAdapter

plain = uuid.UUID("12345678-1234-5678-1234-567812345678")
read = pgproto.UUID(str(plain))
print("equal", read == plain and hash(read) == hash(plain), "instance", isinstance(read, uuid.UUID))
WRITERS = {
    "orjson": orjson.dumps,
    "orjson, as a key": lambda one: orjson.dumps({one: 1}, option=orjson.OPT_NON_STR_KEYS),
    "msgspec": msgspec.json.encode,
    "pydantic": TypeAdapter(uuid.UUID).dump_json,
}
for name, write in WRITERS.items():
    assert write(plain)
    try:
        print(f"{name}: {write(read).decode()}")
    except TypeError as error:
        print(f"{name}: {type(error).__name__}")
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
equal True instance True
orjson: TypeError
orjson, as a key: TypeError
msgspec: "12345678-1234-5678-1234-567812345678"
pydantic: "12345678-1234-5678-1234-567812345678"
EXPECTED
