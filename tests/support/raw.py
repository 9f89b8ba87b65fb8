"""Records as no ordinary producer writes them: names of headers of any bytes, packed any way."""

import time
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

RawHeaders = Sequence[tuple[bytes, bytes | None]]
Raw = tuple[bytes | None, bytes | None, RawHeaders]
"""Key, value, headers."""
PACKED = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}


class Name(str):
    """The name of a header that goes out as the bytes it was made of."""

    raw: bytes

    def __new__(cls, raw: bytes) -> "Name":
        made = super().__new__(cls, raw.decode("latin-1"))
        made.raw = raw
        return made

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return self.raw


def as_batch(records: Sequence[Raw], packed: str = "none") -> bytes:
    """One batch of Kafka's format 2 with these records, as old as it is: brokers delete what is
    older than its topic keeps things, half a minute after their start and every five minutes."""
    now = time.time_ns() // 1_000_000
    builder = _DefaultRecordBatchBuilderPy(
        magic=2,
        compression_type=PACKED[packed],
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1024 * 1024,
    )
    for place, (key, value, headers) in enumerate(records):
        named: Any = [(Name(name), content) for name, content in headers]
        assert builder.append(place, now, key, value, named) is not None
    return bytes(builder.build())


async def send_raw(
    producer: AIOKafkaProducer, topic: str, records: Sequence[Raw], *, partition: int = 0
) -> None:
    """Send these records as one batch, as they are."""
    batch = producer.create_batch()
    batch._buffer, batch._relative_offset = as_batch(records), len(records)
    batch.close()
    sent = await producer.send_batch(batch, topic, partition=partition)
    await sent
