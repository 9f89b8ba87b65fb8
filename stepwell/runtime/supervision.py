"""While the system runs, a process that dies is started again, until it dies too often."""

import asyncio
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine
from typing import Any

from stepwell.runtime.problem import CHECK_FAILED, Problem
from stepwell.runtime.processes import Child, Processes

PAUSE_SECONDS = 1.0
"""Before the first new start; twice as long before each further one within a minute."""
DEATHS = 3
WITHIN_SECONDS = 60.0
"""So many deaths of one process in so short a time end the system."""
TAIL_LINES = 20
LOOK_SECONDS = 0.1


class Supervisor:
    """Watches the processes of a system while its other work is done.

    Args:
        tell: shows the person at the terminal a line.
        pause: seconds before a process is started again for the first time.
    """

    def __init__(
        self, processes: Processes, tell: Callable[[str], None], *, pause: float = PAUSE_SECONDS
    ) -> None:
        self._processes = processes
        self._tell = tell
        self._pause = pause
        self._deaths: dict[str, list[float]] = defaultdict(list)
        self._due: dict[str, float] = {}

    @property
    def died(self) -> list[str]:
        """The names of all that died so far."""
        return sorted(self._deaths)

    async def during(self, work: Coroutine[Any, Any, None]) -> None:
        """Do `work` to its end, and start again what dies meanwhile.

        Raises:
            Problem: one process died three times in a minute; `work` was cancelled.
        """
        working = asyncio.ensure_future(work)
        try:
            while not working.done():
                self._look()
                await asyncio.wait([working], timeout=LOOK_SECONDS)
            working.result()
        finally:
            working.cancel()

    def _look(self) -> None:
        now = time.monotonic()
        for child in self._processes.dead():
            if child.name not in self._due:
                self._due[child.name] = now + self._mourn(child, now)
            elif now >= self._due[child.name]:
                del self._due[child.name]
                self._processes.start_again(child)

    def _mourn(self, child: Child, now: float) -> float:
        """Tell of a death; the seconds until the process is started again."""
        deaths = self._deaths[child.name]
        deaths[:] = [at for at in deaths if now - at < WITHIN_SECONDS] + [now]
        ended = f"{child.name} ended ({_how(child.popen.poll() or 0)})"
        if len(deaths) >= DEATHS:
            for line in child.log.read_text(errors="replace").splitlines()[-TAIL_LINES:]:
                self._tell(f"  {line}")
            raise Problem(
                f"{ended}, three times in a minute now: the end of its log stands above, all of it "
                f"in {child.log}. Everything else was stopped too.",
                exit_code=CHECK_FAILED,
            )
        pause = self._pause * 2.0 ** (len(deaths) - 1)
        log = child.log.with_suffix(".previous.log")
        self._tell(f"{ended}: it is started again in {pause:g} s; its log will be {log}.")
        return pause


def _how(code: int) -> str:
    try:
        return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
