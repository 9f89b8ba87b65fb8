"""Faust, with what one attendance after the other would be too slow with left out."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, cast

import faust
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import ConsumerRecord
from faust.transport.drivers import aiokafka
from faust.transport.utils import DefaultSchedulingStrategy
from faust.types import TP, ConsumerMessage, Message

from shared.messaging.records import FETCH_MS

Fetched = list[ConsumerRecord]
"""What was read of a partition together, in its order."""


class WholePieces(DefaultSchedulingStrategy):
    """Hands over what was read of a partition as one piece, where Faust does so record by record.

    What Faust does for each message, in reading, on the way to the stream or a table and in
    acknowledging, costs as much as all that is done with an event here.
    """

    def iterate(self, records: Mapping[TP, Fetched]) -> Iterator[tuple[TP, Any]]:
        """Each piece with its partition."""
        return ((tp, of) for tp, of in records.items() if of)


class ReadingThread(aiokafka.AIOKafkaConsumerThread):
    """Faust's thread that reads, but for how long the broker may let it wait."""

    def _create_worker_consumer(self, transport: aiokafka.Transport) -> AIOKafkaConsumer:
        made = super()._create_worker_consumer(transport)
        made._fetch_max_wait_ms = FETCH_MS  # 1.5 s, for which Faust has no setting
        return made

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Whether the broker is asked at all. How far the stream is Faust reckons from what it is
        told of each event, which is left out here, and of the changelog from windows that were
        written and are not read back: five minutes after the start it would complain for ever."""
        self.verify_recovery_event_path(now, tp)


class Consumer(aiokafka.Consumer):
    """A consumer whose messages are many records, and who does not pause."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._room = asyncio.Event()
        super().__init__(*arguments, **options)

    def _new_consumer_thread(self) -> aiokafka.AIOKafkaConsumerThread:
        return ReadingThread(self, loop=self.loop, beacon=self.beacon)

    def on_buffer_drop(self, tp: TP) -> None:
        """The stream's queue has room for a partition again."""
        super().on_buffer_drop(tp)
        self._room.set()

    async def _wait_next_records(self, seconds: float) -> Any:
        """As Faust's, but where the queue is full it waits until there is room. Faust sleeps for a
        second when it is full for all partitions, and else waits for what comes on the others; in
        some hundredths of that the queue is worked off."""
        if self._buffered_partitions:
            self._room.clear()
            await self.wait(self._room.wait(), timeout=1.0)
        return await super()._wait_next_records(seconds)

    def _to_message(self, tp: TP, record: Fetched) -> ConsumerMessage:
        """A message that stands where its last record does; its value are the records."""
        message = super()._to_message(tp, record[-1])
        message.key, message.value = None, cast(Any, record)
        return message

    def ack(self, message: Message) -> bool:
        """A message is done, and with it all before it of its partition, as they are acknowledged
        in their order: what is remembered is the latest."""
        message.acked = True
        self._unacked_messages.discard(message)
        self._acked[message.tp] = [message.offset]
        return True

    def _new_offset(self, tp: TP) -> int | None:
        """The offset that may be committed for a partition."""
        done = self._acked.pop(tp, None)
        return done[-1] + 1 if done else None

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Nothing is missing between the ends of two messages."""


class Transport(aiokafka.Transport):
    """Kafka by way of that consumer."""

    Consumer = Consumer


class EngagementApp(faust.App):
    """Keeps its state in memory and in Kafka, and nothing on this machine's disk."""

    def _create_directories(self) -> None: ...

    def _new_transport(self) -> Any:
        return Transport(self.conf.broker_consumer, self)
