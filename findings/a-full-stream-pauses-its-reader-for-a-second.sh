#!/bin/sh
# faust-streaming 0.15.3 with mode-streaming 0.7.1: once the queue of a stream is full for all
# partitions that a worker has, its consumer sleeps for a whole second before it looks again, however
# soon there is room. A partition that is still open makes the difference: then nothing is waited for.
# A worker that answers a thousand records in a tenth of a second, which is about what
# `stream_buffer_maxsize=1024` holds, stands still for most of its time while it works off a backlog:
# on two cores 2,247 records a second where 0.08 s of processor time a thousand would have been
# enough for 10,000. A busy machine hides it, as the work takes longer there than the pause.
# Seen 2026-11-29 with Python 3.11, output:
#   one of two partitions full: reads on at once
#   both full, room after 0.05 s: reads on after 1 s
# What follows for us: the engagement worker's consumer waits for room, not for a second.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  faust-streaming==0.15.3 mode-streaming==0.7.1
cd "$folder"
"$folder/venv/bin/python" - > "$folder/seen" <<'PYTHON'
import asyncio
import time

import faust
from faust.types import TP

PARTITIONS = [TP("attendance", 0), TP("attendance", 1)]


async def nothing(*_, **__):
    return {}


async def seconds(full):
    """How long the consumer takes to read on, when `full` partitions have room after 0.05 s."""
    app = faust.App("reader", broker="kafka://127.0.0.1:9", store="memory://")
    consumer = app.transport.create_consumer(
        nothing, on_partitions_revoked=nothing, on_partitions_assigned=nothing
    )
    consumer._getmany = nothing  # a broker that answers at once
    consumer._set_active_tps(set(PARTITIONS))
    for partition in full:
        consumer.on_buffer_full(partition)
    for partition in full:
        asyncio.get_running_loop().call_later(0.05, consumer.on_buffer_drop, partition)
    began = time.monotonic()
    async for _ in consumer.getmany(timeout=1.0):
        pass
    return time.monotonic() - began


taken = asyncio.run(seconds(PARTITIONS[:1]))
print("one of two partitions full: reads on", "at once" if taken < 0.04 else f"after {taken:.1f} s")
taken = asyncio.run(seconds(PARTITIONS))
print(f"both full, room after 0.05 s: reads on after {taken:.0f} s")
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
one of two partitions full: reads on at once
both full, room after 0.05 s: reads on after 1 s
EXPECTED
