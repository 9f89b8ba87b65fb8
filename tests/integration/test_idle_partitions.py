"""One partition to work off beside others that have nothing new."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from time import monotonic
from typing import Any, cast

from shared.contracts.topics import BY_STREAM
from shared.messaging.applier import Applier
from shared.messaging.consumer import BATCH, Consumer
from shared.messaging.producer import producer_of
from tests.support.system import System

BATCHES = 7
"""More than three fetches of records of this size."""
PAYLOAD = b"x" * 1_000
AT_WORK_SECONDS = 0.09


class Slow:
    """Takes a while for each batch, and notes when it began and ended."""

    consumer = "outcomes"

    class registry:
        streams = ("intake",)

    def __init__(self) -> None:
        self.times: list[tuple[float, float]] = []
        self.done = asyncio.Event()
        self.taken = 0

    def forget(self) -> None: ...

    async def apply(self, envelopes: Sequence[Any], letters: Sequence[Any]) -> None:
        began = monotonic()
        await asyncio.sleep(AT_WORK_SECONDS)
        self.times.append((began, monotonic()))
        self.taken += len(envelopes) + len(letters)
        if self.taken == BATCHES * BATCH:
            self.done.set()


async def test_who_works_one_partition_off_does_not_wait_for_those_without_news(system: System):
    producer = producer_of(system.settings("intake"))
    await producer.start()
    topic = f"{system.prefix}{BY_STREAM['intake'].name}"
    sent = [await producer.send(topic, PAYLOAD, partition=3) for _ in range(BATCHES * BATCH)]
    await asyncio.gather(*sent)
    await producer.stop()
    slow = Slow()
    consumer = Consumer(cast(Applier, slow), system.settings("outcomes"))
    work = asyncio.create_task(consumer.run())
    async with asyncio.timeout(60):
        await slow.done.wait()
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    waits = sorted(after[0] - before[1] for before, after in pairwise(slow.times))
    # Each fetch would be followed by up to half a second; a busy machine may be late once.
    assert waits[-2] < 0.2, waits
