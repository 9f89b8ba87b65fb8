"""Calls that wait for one another are made as one."""

import asyncio
from collections.abc import Sequence

import pytest

from services.notifications.delivery.batched import Batched


async def test_what_came_while_one_was_under_way_is_done_together_and_each_gets_its_own() -> None:
    done: list[list[int]] = []
    began, goes_on = asyncio.Event(), asyncio.Event()

    async def squares(some: Sequence[int]) -> list[int]:
        done.append(list(some))
        began.set()
        await goes_on.wait()
        return [one * one for one in some]

    square = Batched(squares)
    asked = [asyncio.create_task(square(n)) for n in range(1, 5)]
    await began.wait()
    goes_on.set()
    assert await asyncio.gather(*asked) == [1, 4, 9, 16]
    assert done == [[1], [2, 3, 4]]
    await square.idle()


async def test_an_error_is_that_of_all_who_waited_and_of_nobody_else() -> None:
    async def odd(some: Sequence[int]) -> list[int]:
        await asyncio.sleep(0)
        if 2 in some:
            raise ValueError("two")
        return list(some)

    keep = Batched(odd)
    asked = [asyncio.create_task(keep(n)) for n in (1, 2, 3)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert found[0] == 1
    assert [type(one) for one in found[1:]] == [ValueError, ValueError]
    assert await keep(5) == 5
    with pytest.raises(ValueError, match="two"):
        await keep(2)
