"""Waiting for what a process says in its log."""

import asyncio

from stepwell.runtime.processes import Child


async def logged(event: str | tuple[str, ...], *children: Child, within: float = 60.0) -> Child:
    """The first of `children` whose log has one of the events. A file tells nobody that it grew."""
    wanted = [f'"event":"{name}"' for name in ((event,) if isinstance(event, str) else event)]
    async with asyncio.timeout(within):
        while True:
            for child in children:
                told = child.log.read_text()
                if any(line in told for line in wanted):
                    return child
            await asyncio.sleep(0.05)
