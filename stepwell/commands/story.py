"""`stepwell story`: tell the story again, with other clients, against the running system."""

import asyncio

from rich.console import Console

from stepwell.region.story import tell
from stepwell.runtime import lock
from stepwell.runtime.environment import load_running
from stepwell.runtime.state import State


def command() -> None:
    """Drive a small region through the public APIs: new clients, three more weeks.

    Exit code 1 when something that the story promises did not happen.
    """
    state = State.default()
    environment = load_running(state)
    with lock.alone(state, lock.STORY):
        asyncio.run(tell(environment, Console(highlight=False)))
