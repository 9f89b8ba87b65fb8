"""Faust, with what one attendance after the other would be too slow with left out."""

import asyncio
import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any

import faust
from faust.transport.drivers import aiokafka
from faust.types import TP


class Consumer(aiokafka.Consumer):
    """Hands records over without four tasks for each of them, and without pauses."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._room = asyncio.Event()
        super().__init__(*arguments, **options)

    def on_buffer_drop(self, tp: TP) -> None:
        """The stream's queue has room for a partition again."""
        super().on_buffer_drop(tp)
        self._room.set()

    async def _wait_next_records(self, seconds: float) -> Any:
        """As Faust's, but goes on once there is room: Faust sleeps for a second when the queue is
        full for all partitions, which is worked off in some hundredths of that."""
        if self._buffered_partitions and not self._get_active_partitions():
            self._room.clear()
            await self.wait(self._room.wait(), timeout=1.0)
        return await super()._wait_next_records(seconds)

    def highwater(self, tp: TP) -> int:
        """Asked for each record, and only for Faust's monitor, which nobody reads here."""
        return 0

    async def wait_first(self, *waited: Any, **options: Any) -> Any:
        """As Faust's, but begins at once with what is waited for first.

        Faust waits for each record to be handed over, or for the flow to be suspended. Handing over
        hardly ever waits for anything: then it is done before there is a need for tasks.
        """
        if len(waited) != 2 or not type(waited[0]) is type(waited[1]) is types.CoroutineType:
            return await super().wait_first(*waited, **options)
        first, other = waited
        try:
            awaited = first.send(None)
        except StopIteration:
            other.close()
            return None
        return await super().wait_first(_rest(first, awaited), other, **options)


async def _rest(begun: Coroutine[Any, Any, Any], awaited: Any) -> Any:
    """What is left of a coroutine that waits for something."""
    return await _resumed(begun, awaited)


@types.coroutine
def _resumed(begun: Coroutine[Any, Any, Any], awaited: Any) -> Generator[Any, Any, Any]:
    while True:
        step: Callable[[Any], Any] = begun.send
        try:
            answer = yield awaited
        except BaseException as error:  # cancelling too is the coroutine's to answer
            step, answer = begun.throw, error
        try:
            awaited = step(answer)
        except StopIteration as finished:
            return finished.value


class Transport(aiokafka.Transport):
    """Kafka by way of that consumer."""

    Consumer = Consumer


class EngagementApp(faust.App):
    """Keeps its state in memory and in Kafka, and nothing on this machine's disk."""

    def _create_directories(self) -> None: ...

    def _new_transport(self) -> Any:
        return Transport(self.conf.broker_consumer, self)
