"""Waiting for what a process says in its log."""

import asyncio

from stepwell.runtime.processes import Child


async def logged(event: str, *children: Child, within: float = 60.0) -> Child:
    """The first of `children` whose log has `event`. A file tells nobody that it grew."""
    async with asyncio.timeout(within):
        while True:
            for child in children:
                if f'"event":"{event}"' in child.log.read_text():
                    return child
            await asyncio.sleep(0.05)
