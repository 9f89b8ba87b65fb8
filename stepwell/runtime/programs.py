"""Programs that do one thing and end, such as initdb or a download."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from stepwell.runtime.problem import Stopping

POLL_SECONDS = 0.1
CAUSES = (": error:", "FATAL:", "PANIC:")


def never() -> bool:
    """Nobody asks to stop."""
    return False


def run(
    command: Sequence[str | Path],
    *,
    stopping: Callable[[], bool] = never,
    meanwhile: Callable[[], None] = lambda: None,
    **how: Any,
) -> tuple[int, str]:
    """Run a program to its end; its exit code, and what it said on stderr and stdout.

    Args:
        stopping: asked again and again; the program is ended at once when it says so.
        meanwhile: called again and again.
        how: more arguments of subprocess.Popen.

    Raises:
        Stopping: the system is being stopped.
    """
    with subprocess.Popen(  # noqa: S603 - our own commands, never through a shell
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
        **how,
    ) as program:
        try:
            while not stopping():
                with contextlib.suppress(subprocess.TimeoutExpired):
                    out, told = program.communicate(timeout=POLL_SECONDS)
                    return program.returncode, told + out
                meanwhile()
            raise Stopping
        finally:
            if program.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(program.pid, signal.SIGKILL)


def cause(told: str) -> str:
    """The line of a server's words that says why it ended: its last error, else its last line."""
    lines = _lines(told)
    errors = [line for line in lines if any(word in line for word in CAUSES)]
    return (errors or lines)[-1]


def first_line(told: str) -> str:
    """The first line that says something: a Java program says why before it shows where."""
    return _lines(told)[0]


def last_line(told: str) -> str:
    """The last line that says something."""
    return _lines(told)[-1]


def _lines(told: str) -> list[str]:
    """The lines that are no stack frame, never none."""
    lines = [line.strip()[:300] for line in told.splitlines()]
    said = [line for line in lines if line and not line.startswith(("at ", "... "))]
    return said or ["no reason given"]
