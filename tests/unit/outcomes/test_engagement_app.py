"""Handing records over: at once where nothing has to be waited for, and as Faust does elsewhere."""

import asyncio
from typing import cast
from unittest.mock import AsyncMock

import pytest
from faust.types import TP

from services.outcomes.engagement.app import Consumer, EngagementApp, _rest


async def begun(*steps: asyncio.Future[str], fails: bool = False) -> list[str]:
    answers = [await step for step in steps]
    if fails:
        raise ValueError(answers[-1])
    return answers


async def test_what_was_begun_and_waits_goes_on_to_its_end() -> None:
    loop = asyncio.get_running_loop()
    first, second = loop.create_future(), loop.create_future()
    coroutine = begun(first, second)
    rest = asyncio.ensure_future(_rest(coroutine, coroutine.send(None)))
    first.set_result("one")
    await asyncio.sleep(0)
    second.set_result("two")
    assert await rest == ["one", "two"]


async def test_what_fails_after_waiting_fails_where_it_is_waited_for() -> None:
    waited: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    coroutine = begun(waited, fails=True)
    rest = asyncio.ensure_future(_rest(coroutine, coroutine.send(None)))
    waited.set_result("why")
    with pytest.raises(ValueError, match="why"):
        await rest


async def test_what_waits_can_be_cancelled() -> None:
    waited: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    coroutine = begun(waited)
    rest = asyncio.ensure_future(_rest(coroutine, coroutine.send(None)))
    await asyncio.sleep(0)
    rest.cancel()
    with pytest.raises(asyncio.CancelledError):
        await rest
    assert waited.cancelled()


async def test_a_full_queue_holds_reading_up_no_longer_than_it_is_full() -> None:
    app = EngagementApp("engagement", broker="kafka://127.0.0.1:9", store="memory://")
    nothing = AsyncMock(return_value={})
    consumer = cast(
        Consumer,
        app.transport.create_consumer(
            nothing, on_partitions_revoked=nothing, on_partitions_assigned=nothing
        ),
    )
    consumer._getmany = nothing
    partitions = [TP("attendance", number) for number in range(2)]
    consumer._set_active_tps({*partitions})
    for partition in partitions:
        consumer.on_buffer_full(partition)
    reading = asyncio.ensure_future(consumer._wait_next_records(1.0))
    await asyncio.sleep(0.01)
    assert not reading.done()
    nothing.assert_not_awaited()
    consumer.on_buffer_drop(partitions[1])
    async with asyncio.timeout(0.5):  # Faust would sleep for a second
        await reading
    nothing.assert_awaited_once_with(active_partitions={partitions[1]}, timeout=1.0)
