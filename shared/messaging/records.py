"""Reading whatever a topic holds: a record that aiokafka cannot read is passed over, once.

aiokafka raises where a header's name is no UTF-8 or a batch is packed in a way it does not know,
and again at each new attempt, as its position stays before that batch. Here such a batch is read a
second time with patience; what even that cannot read becomes one record without key, payload and
headers of its own, which becomes a dead letter like other rubbish. What was lost so is
noticed by its sequence and fetched from the publisher.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import MemoryRecords

log = structlog.get_logger()

FETCH_MS = 100
"""How long the broker may let a reader wait who asks for partitions without news. A partition of
which records are waiting here is not asked for meanwhile, nor can it be before the answer has come:
with aiokafka's 500 ms whoever works off one partition stands still for most of the time."""
LENGTH = struct.Struct(">qi")
"""Every format begins with the first offset and the number of bytes that follow."""
UNREADABLE = "unreadable"
"""The header of a record that stands for what could not be read; its value names the error."""


def install() -> None:
    """Let all consumers of this process read through `Records`; aiokafka has no setting for it."""
    fetcher.MemoryRecords = Records


class Records:
    """The batches of one answer of the broker, as aiokafka's `MemoryRecords` gives them."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._read: Any = MemoryRecords(data)
        self._at = 0
        self.has_next = self._read.has_next
        self.size_in_bytes = self._read.size_in_bytes

    def next_batch(self) -> "Batch":
        """The next batch; there is one when `has_next` says so."""
        start = self._at
        first, length = LENGTH.unpack_from(self._data, start)
        self._at += LENGTH.size + length
        return Batch(self._read.next_batch(), first, self._data[start : self._at])


class Batch:
    """A batch of aiokafka's whose records can all be read."""

    def __init__(self, batch: Any, first: int, data: memoryview) -> None:
        self._batch = batch
        self._first = first
        self._data = data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        at = self._first
        for read in (lambda: self._batch, lambda: PatientBatch(self._data)):
            try:
                for record in read():
                    if record.offset >= at:
                        at = record.offset + 1
                        yield record
            except Exception as error:  # whatever a batch holds, it stops nobody
                failed = error
            else:
                return
        lost = self._batch.next_offset - at
        log.error("records_unreadable", offset=at, count=lost, error=type(failed).__name__)
        yield Unreadable(at, [(UNREADABLE, type(failed).__name__.encode())])


class PatientBatch(_DefaultRecordBatchPy):  # type: ignore[misc]  # aiokafka has no other seam
    """A batch read in Python, with what is no UTF-8 in the names of headers written as escapes."""

    _buffer: bytearray

    def __iter__(self) -> "PatientBatch":
        super().__iter__()
        self._buffer = PatientBytes(self._buffer)
        return self


class PatientBytes(bytearray):
    """Bytes whose slices decode whatever they hold."""

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        return found if isinstance(found, int) else PatientBytes(found)

    def decode(self, encoding: str = "utf-8", errors: str = "backslashreplace") -> str:
        return super().decode(encoding, errors)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record in place of those of a batch that could not be read, from `offset` on."""

    offset: int
    headers: list[tuple[str, bytes | None]]
    key: None = field(default=None, init=False)
    value: None = field(default=None, init=False)
    timestamp: int = field(default=0, init=False)
    timestamp_type: int = field(default=0, init=False)
    checksum: None = field(default=None, init=False)
