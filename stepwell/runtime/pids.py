"""The PID file: which processes belong to the system, so that leftovers of a crash are found.

A PID alone may belong to somebody else by now, so the start time of the process is kept with it.
"""

import json
import os
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from stepwell.runtime.state import read_json, write_private


@dataclass(frozen=True)
class Known:
    """A process of ours: still the same one only if it was created at the same second."""

    name: str
    pid: int
    created: float
    layer: int
    stop_signal: int

    def process(self) -> psutil.Process | None:
        """The process, or None when it is gone or another one has its PID."""
        try:
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.created) > 1:
                return None
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
        except psutil.Error:
            return None
        return process


class PidFile:
    """Written whenever a process starts or ends."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[Known]:
        """What the file names; nothing when it is missing or unreadable."""
        content = read_json(self.path)
        try:
            return [Known(**entry) for entry in content or []]
        except TypeError:
            return []

    def write(self, known: list[Known]) -> None:
        write_private(self.path, json.dumps([asdict(entry) for entry in known], indent=2))

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


def own() -> Known:
    """This process, as the one that runs the system."""
    process = psutil.Process()
    return Known("stepwell up", process.pid, process.create_time(), 99, signal.SIGTERM)


def stop_leftovers(path: Path, within: float = 15.0, *, starter: Known | None = None) -> list[str]:
    """End the processes that a crashed run left behind, the last layer first.

    Returns the names of those that were still alive. The file names the `starter` of the next
    system from the beginning, so that it can be found and stopped; without one it is removed.
    """
    file = PidFile(path)
    starters = [starter] if starter else []
    left = [known for known in file.read() if known not in starters]
    if starter:
        file.write([starter, *left])
    alive = [known for known in left if known.process() is not None]
    for layer in sorted({known.layer for known in alive}, reverse=True):
        stop_together([known for known in alive if known.layer == layer], within)
    if starter:
        file.write([starter])
    else:
        file.remove()
    return [known.name for known in alive]


def stop_together(group: list[Known], within: float) -> None:
    """Ask every process of the group to stop; end by force what is there after `within` seconds."""
    for known in group:
        signal_group(known.pid, known.stop_signal)
    deadline = time.monotonic() + within
    for known in group:
        if not ends(known, deadline - time.monotonic()):
            signal_group(known.pid, signal.SIGKILL)
            ends(known, 5)


def ends(known: Known, within: float) -> bool:
    """Wait until the process has ended, whether or not its parent has taken note of it."""
    deadline = time.monotonic() + within
    while known.process() is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def signal_group(pid: int, number: int) -> None:
    """Signal the process; for SIGKILL the group it leads, as it cannot end its children itself."""
    try:
        if number == signal.SIGKILL and os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return
