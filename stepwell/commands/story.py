"""`stepwell story`: tell the story again, with other clients, against the running system."""

import asyncio

from rich.console import Console

from stepwell.region.story import tell
from stepwell.runtime.environment import load_running


def command() -> None:
    """Drive a small region through the public APIs: new clients, three more weeks.

    Exit code 1 when something that the story promises did not happen.
    """
    asyncio.run(tell(load_running(), Console(highlight=False)))
