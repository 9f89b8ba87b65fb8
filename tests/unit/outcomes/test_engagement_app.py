"""Handing records over: at once where nothing has to be waited for, and as Faust does elsewhere."""

import asyncio

import pytest

from services.outcomes.engagement.app import _rest


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
