#!/bin/sh
# faust-streaming 0.15.3: a consumer that reads a partition from its beginning, offset 0, and finds the
# following offsets missing, commits nothing more, however many records it reads and acknowledges.
# Where a log was compacted offsets are missing by design, and Faust notes such gaps so that it can
# commit beyond them; but it asks whether there was an offset before by whether that offset is true,
# and 0 is not. What follows the gap never follows what is committed. The same gap behind any
# other offset is passed. At the next start, or when the partition moves, everything is read again,
# and until then the lag that tools compute from the committed offset grows without end.
# Seen 2026-11-30 with Python 3.11, output:
#   offsets 1 and 5 to 1004, all done: committed 2, in the end 1005
#   offsets 0 and 5 to 1004, all done: committed 1, in the end 1
# What follows for us: the engagement worker commits behind the last record that is done, in the order
# of the partition, and keeps no list of gaps.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  faust-streaming==0.15.3 mode-streaming==0.7.1 aiokafka==0.14.0
cd "$folder"
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import asyncio

import faust
from aiokafka.structs import ConsumerRecord
from faust.types import TP

READINGS = TP("readings", 0)


async def nothing(*_, **__):
    return {}


async def committed(*offsets):
    """What a consumer commits after each record of these offsets, each of which is done at once."""
    app = faust.App("reader", broker="kafka://127.0.0.1:9", store="memory://")
    app.topics._acking_topics.add(READINGS.topic)
    seen = []

    async def handle(message):
        message.incref()
        message.ack(consumer)
        if (offset := consumer._new_offset(READINGS)) is not None:
            consumer._committed_offset[READINGS] = offset
        seen.append(consumer._committed_offset[READINGS])
        if message.offset == offsets[-1]:
            consumer._stopped.set()

    async def read(**_):
        return {
            READINGS: [
                ConsumerRecord(*READINGS, offset, 0, 0, b"", b"", None, 0, 0, ()) for offset in offsets
            ]
        }

    consumer = app.transport.create_consumer(
        handle, on_partitions_revoked=nothing, on_partitions_assigned=nothing
    )
    consumer._getmany, consumer.highwater = read, lambda tp: offsets[-1] + 1
    consumer._set_active_tps({READINGS})
    await consumer._drain_messages(consumer)
    return seen


for first in (1, 0):
    seen = asyncio.run(committed(first, *range(5, 1_005)))
    print(f"offsets {first} and 5 to 1004, all done: committed {seen[0]}, in the end {seen[-1]}")
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
offsets 1 and 5 to 1004, all done: committed 2, in the end 1005
offsets 0 and 5 to 1004, all done: committed 1, in the end 1
EXPECTED
