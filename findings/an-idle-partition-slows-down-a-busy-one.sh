#!/bin/sh
# aiokafka 0.14.0: of a partition whose records wait to be taken nothing more is asked for, and after a
# tenth of a second the reader asks for its other partitions without it. Where these have nothing new
# the broker answers after `fetch_max_wait_ms`, half a second unless that is set, and until then the
# first is not asked for either, though all that had come of it is worked off. So whoever takes a
# backlog in batches (`max_records`), and needs longer than a tenth of a second for what one answer of
# the broker holds, stands still for most of the time as soon as one idle partition is assigned too.
# That is how it looks after an outage of one worker of several, whose partitions others take over.
# Shown here with the broker for tests of confluent-kafka 2.16.1; what is counted is how often the
# reader stood still for more than 0.3 s while there was more to read.
# Seen 2026-11-30 with Python 3.11, output:
#   a busy partition alone: stood still 0 times
#   an idle one beside it: stood still at least 3 times
#   the same with fetch_max_wait_ms=100: stood still 0 times
# What follows for us: our readers ask with 100 ms, the one of Faust too, which has 1.5 s and no setting
# for it; `python -m benchmarks stream` holds one partition against all.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  aiokafka==0.14.0 confluent-kafka==2.16.1
"$folder/venv/bin/python" - > "$folder/seen" 2> "$folder/errors" <<'PYTHON'
import asyncio
import time

from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka import Producer

RECORDS, BATCH, SECONDS = 10_000, 500, 0.03

producer = Producer({"bootstrap.servers": "none", "test.mock.num.brokers": 1})
for _ in range(RECORDS):
    producer.produce("attendance", b"x" * 400, partition=0)
producer.flush()
(broker,) = producer.list_topics("attendance").brokers.values()


async def still(partitions, **settings):
    """How often a reader of these partitions stood still while it worked off the first."""
    consumer = AIOKafkaConsumer(bootstrap_servers=f"{broker.host}:{broker.port}", **settings)
    await consumer.start()
    assigned = [TopicPartition("attendance", number) for number in partitions]
    consumer.assign(assigned)
    await consumer.seek_to_beginning(*assigned)
    times, seen = 0, 0
    while seen < RECORDS:
        began = time.monotonic()
        read = await consumer.getmany(timeout_ms=1_000, max_records=BATCH)
        times += seen > 0 and time.monotonic() - began > 0.3
        seen += sum(map(len, read.values()))
        await asyncio.sleep(SECONDS)
    await consumer.stop()
    return times


async def main():
    print(f"a busy partition alone: stood still {await still([0])} times")
    beside = await still([0, 1])
    print("an idle one beside it: stood still", "at least 3" if beside >= 3 else beside, "times")
    sooner = await still([0, 1], fetch_max_wait_ms=100)
    print(f"the same with fetch_max_wait_ms=100: stood still {sooner} times")


asyncio.run(main())
PYTHON
cat "$folder/seen"
diff "$folder/seen" - <<'EXPECTED'
a busy partition alone: stood still 0 times
an idle one beside it: stood still at least 3 times
the same with fetch_max_wait_ms=100: stood still 0 times
EXPECTED
