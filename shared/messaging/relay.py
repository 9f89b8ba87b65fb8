"""The relay: sends what is committed, in order, and forgets what the broker acknowledged.

One relay a service is at work, the one that holds the advisory lock; the others stand by and take
over when its connection ends. All its statements run on the connection that holds the lock. After
a crash between sending and deleting, events are sent again; subscribers skip them by sequence.

An event that was committed alone in this process is handed over by memory, and sent as it is when
it is the one after the last that was sent of its key: then nothing stands before it. Everything
else is read from the outbox, which is the truth.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError
from aiokafka.partitioner import murmur2

from shared import clock
from shared.contracts.topics import BY_STREAM
from shared.database import Database
from shared.database.pool import MISSING
from shared.database.transaction import Connection
from shared.messaging.envelope import headers_of
from shared.messaging.faults import is_transient
from shared.messaging.producer import producer_of
from shared.messaging.set_aside import Reason, set_aside
from shared.messaging.spans import sending
from shared.settings import Settings
from shared.telemetry import metrics
from shared.telemetry.tracing import is_sampled

log = structlog.get_logger()

LOCK = 0x57E9_0001
"""Advisory lock of the relay at work; one database has one."""
BATCH = 2_000
MOST_KEYS = 50_000
"""Whose last event that was sent is remembered."""
POLL_SECONDS = 0.5
"""How long a lost notification can delay an event, and how soon a standby notices its turn."""

SELECT = """
SELECT id, stream, key, sequence, event_id, type, dataschema, occurred_at, traceparent, payload,
  EXISTS (
    SELECT FROM platform.set_aside a WHERE a.stream = o.stream AND a.key = o.key
  ) AS is_behind
FROM platform.outbox o ORDER BY id LIMIT $1
"""
key_of = itemgetter("stream", "key")
"""The unit of order that an event belongs to."""
number_of = itemgetter("sequence")
TAKE_LOCK = "SELECT pg_try_advisory_lock($1)"
TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)
DELETE = "DELETE FROM platform.outbox WHERE id = ANY($1::bigint[])"


@lru_cache(maxsize=65_536)
def partition_of(key: str, partitions: int) -> int:
    """The partition of a key by murmur2, as the Java client, aiokafka, kafka-python, kafkajs and
    franz-go compute it.

    Not every client does (confluent-kafka by default, sarama and @platformatic/kafka do not; the
    last agrees where the number of partitions is a power of two), so whoever writes says so.
    """
    hashed: int = murmur2(key.encode())
    return (hashed & 0x7FFF_FFFF) % partitions


class NoTopic(LookupError):
    """An event of a stream that this release does not know."""


REFUSED = (*TOO_LARGE, NoTopic)
"""What stays with the event, however often it is sent."""


def failed(error: Exception) -> asyncio.Future[Any]:
    """The acknowledgement of what was not even sent."""
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    future.set_exception(error)
    return future


class Relay:
    """Sends the outbox of one service.

    An event that the broker refuses for itself is found by sending ever fewer at once, and is set
    aside with its key; the others go on.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self.settings = settings
        self._wake = asyncio.Event()
        self._at_once = BATCH
        self._handed: list[asyncpg.Record] = []
        self._sent: dict[tuple[str, str], int] = {}
        self._look = True

    async def run(self) -> None:
        """Send until cancelled; start anew after the broker or the database went away."""
        while True:
            try:
                await self._lead()
            except REFUSED:
                continue  # with a new producer: the numbers of this one's batches have a hole now
            except Exception as error:  # consumer and jobs of this process work on
                log.warning(
                    "relay_interrupted",
                    error=type(error).__name__,
                    transient=is_transient(error) or isinstance(error, MISSING),
                )
                await asyncio.sleep(POLL_SECONDS)

    async def _lead(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            connection = await self.database.connect(synchronous_commit="off")
            stack.callback(connection.terminate)
            await self._take_lock(connection)
            self._sent.clear()
            self._look = True
            stack.enter_context(self.database.relaying(self._given))
            producer = producer_of(self.settings)
            stack.push_async_callback(producer.stop)
            await producer.start()
            log.info("relay_leads", service=self.settings.service)
            looked_at = 0.0
            while True:
                self._wake.clear()
                handed, self._handed = self._handed, []
                late = time.monotonic() - looked_at > POLL_SECONDS
                if self._look or late or not self._follow(handed):
                    asked, self._look, looked_at = self._at_once, False, time.monotonic()
                    if await self.send_batch(connection, producer) >= asked:
                        self._look = True
                elif handed:
                    await self._send_all(connection, producer, handed)
                if not self._look:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(POLL_SECONDS):
                            await self._wake.wait()

    def _given(self, event: asyncpg.Record | None) -> None:
        """An event that was committed here, or None where others may be in the outbox."""
        if event is None or len(self._handed) >= BATCH:
            self._look = True
        else:
            self._handed.append(event)
        self._wake.set()

    def _follow(self, handed: Sequence[asyncpg.Record]) -> bool:
        """Whether each of the events is the one after the last of its key, so that none that was
        committed or set aside before it is passed."""
        last = {key: self._sent.get(key, 0) for key in map(key_of, handed)}
        for event in handed:
            if number_of(event) != last[key_of(event)] + 1:
                return False
            last[key_of(event)] += 1
        return True

    async def _take_lock(self, connection: Connection) -> None:
        """Wait for the lock by asking again: a waiting statement would hold back vacuum."""
        if await connection.fetchval(TAKE_LOCK, LOCK):
            return
        log.info("relay_stands_by", service=self.settings.service)
        # The database sends no event when a lock becomes free.
        while not await connection.fetchval(TAKE_LOCK, LOCK):  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)

    async def send_batch(self, connection: Connection, producer: AIOKafkaProducer) -> int:
        """Send the oldest events and delete those acknowledged; how many were found.

        Raises:
            KafkaError: the broker did not take one; it and all behind it stay in the outbox.
            KafkaError, NoTopic: one of `REFUSED`. If it was sent alone it is set aside, otherwise
                fewer are sent at once until it is found.
        """
        found = await connection.fetch(SELECT, self._at_once)
        rows = [row for row in found if not row["is_behind"]]
        if len(rows) < len(found):
            behind = [row["id"] for row in found if row["is_behind"]]
            await set_aside(connection, behind, "behind", clock.now())
        if rows:
            await self._send_all(connection, producer, rows)
            self._at_once = min(BATCH, 2 * self._at_once)
        return len(found)

    async def _send_all(
        self, connection: Connection, producer: AIOKafkaProducer, rows: Sequence[asyncpg.Record]
    ) -> None:
        """Send events and delete those acknowledged; raises as `send_batch`."""
        acknowledgements = [await self._send(producer, row) for row in rows]
        await producer.flush()
        acknowledged = self._acknowledged(acknowledgements)
        if acknowledged:
            self._remember(rows[:acknowledged])
            await connection.execute(DELETE, [row["id"] for row in rows[:acknowledged]])
            metrics.published.labels(self.settings.service).inc(acknowledged)
        if acknowledged < len(rows):
            error = acknowledgements[acknowledged].exception()
            if isinstance(error, REFUSED):
                await self._refused(connection, rows[acknowledged], error, alone=len(rows) == 1)
            raise error if error is not None else KafkaError("not acknowledged")

    def _remember(self, sent: Sequence[asyncpg.Record]) -> None:
        if len(self._sent) > MOST_KEYS:
            self._sent.clear()
        self._sent.update(zip(map(key_of, sent), map(number_of, sent), strict=True))

    async def _refused(
        self, connection: Connection, row: asyncpg.Record, error: BaseException, *, alone: bool
    ) -> None:
        """Set aside what was refused alone; what was not may be refused for its neighbours."""
        self._at_once = max(1, self._at_once // 8)
        if not alone:
            return
        reason: Reason = "too_large" if isinstance(error, TOO_LARGE) else "no_topic"
        await set_aside(connection, [row["id"]], reason, clock.now())
        metrics.set_aside.labels(self.settings.service, reason).inc()
        log.error(
            "event_set_aside",
            stream=row["stream"],
            sequence=row["sequence"],
            type=row["type"],
            reason=reason,
            bytes=len(row["payload"]),
        )

    async def _send(self, producer: AIOKafkaProducer, row: asyncpg.Record) -> asyncio.Future[Any]:
        (_, stream, key, sequence, event_id, type_name, dataschema, at, traceparent, payload, _) = (
            row
        )
        topic = BY_STREAM.get(stream)
        if topic is None:
            return failed(NoTopic(stream))
        if traceparent is not None and is_sampled(traceparent):
            traceparent = sending(stream, type_name, traceparent)
        try:
            future: asyncio.Future[Any] = await producer.send(
                self.settings.kafka_topic_prefix + topic.name,
                payload,
                key=key.encode(),
                partition=partition_of(key, topic.partitions),
                headers=headers_of(
                    stream=stream,
                    key=key,
                    sequence=sequence,
                    event_id=event_id,
                    type=type_name,
                    dataschema=dataschema,
                    occurred_at=at,
                    traceparent=traceparent,
                    schema_base=self.settings.schema_base,
                ),
            )
        except TOO_LARGE as error:
            return failed(error)
        return future

    @staticmethod
    def _acknowledged(futures: Sequence[asyncio.Future[Any]]) -> int:
        """How many from the start on were taken by the broker."""
        for place, future in enumerate(futures):
            if not future.done() or future.cancelled() or future.exception() is not None:
                return place
        return len(futures)
