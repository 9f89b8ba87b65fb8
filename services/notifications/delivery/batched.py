"""Calls that wait for one another, made as one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

A = TypeVar("A")
B = TypeVar("B")


class Batched(Generic[A, B]):
    """`work` for whoever calls, one call at a time: what came while one was under way is done next,
    all of it at once. It gets what the callers gave, and gives each its own; its error is that of
    all of them."""

    def __init__(self, work: Callable[[Sequence[A]], Awaitable[Sequence[B]]]) -> None:
        self._work = work
        self._waiting: list[tuple[A, asyncio.Future[B]]] = []
        self._at_work = asyncio.Lock()

    async def __call__(self, given: A) -> B:
        """Not to be broken off: others may wait for the same work."""
        mine: asyncio.Future[B] = asyncio.get_running_loop().create_future()
        self._waiting.append((given, mine))
        async with self._at_work:
            if not mine.done():
                some, self._waiting = self._waiting, []
                try:
                    results = await self._work([one for one, _ in some])
                except BaseException as error:
                    for _, theirs in some:
                        theirs.set_exception(error)
                else:
                    for (_, theirs), result in zip(some, results, strict=True):
                        theirs.set_result(result)
        return await mine

    async def idle(self) -> None:
        """Wait until nobody is at work."""
        async with self._at_work:
            return
