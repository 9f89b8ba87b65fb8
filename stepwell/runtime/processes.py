"""Child processes: each in a group of its own, waited for, logged, stopped in reverse order."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from stepwell.runtime.forking import Forked, Forks
from stepwell.runtime.pids import Known, PidFile, own, signal_group, stop_together
from stepwell.runtime.ports import holder, is_free, listens
from stepwell.runtime.problem import CHECK_FAILED, Problem, Stopping
from stepwell.runtime.programs import cause
from stepwell.runtime.unprivileged import User

STORES, PLATFORM, SERVICES = 0, 1, 2
"""Layers: a layer is stopped only after the later ones, whose processes use it."""
LEAST = 19
"""The niceness of what nobody waits for."""


@dataclass(frozen=True)
class Child:
    """A running process of the system."""

    name: str
    popen: subprocess.Popen[bytes] | Forked
    log: Path
    known: Known
    how: Mapping[str, Any] = field(repr=False)
    """What it was started with, to start it again."""

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def alive(self) -> bool:
        return self.popen.poll() is None

    def kill(self) -> None:
        """End it at once and without a word, as a crash would; for tests of faults."""
        signal_group(self.pid, signal.SIGKILL)
        self.popen.wait(10)


class Processes:
    """All processes of one system. Safe to use from several threads."""

    def __init__(self, pid_file: Path, logs: Path, forks: Forks | None = None) -> None:
        self._file = PidFile(pid_file)
        self._logs = logs
        self._forks = forks
        self._children: dict[str, Child] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._own = own()
        logs.mkdir(parents=True, exist_ok=True)

    def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str] | None = None,
        user: User | None = None,
        folder: Path | None = None,
        layer: int = SERVICES,
        stop_signal: int = signal.SIGTERM,
        calm: bool = False,
        common: bool = False,
    ) -> Child:
        """Start a process with its output in `<logs>/<name>.log`.

        Args:
            environment: the whole environment of the process; that of this process when absent.
            user: the user to run as, where this process may not run it as its own.
            calm: give way to other processes when the machine is busy.
            common: a Python module that may be a fork of the process with the common imports.

        Raises:
            Stopping: the system is being stopped.
        """
        how = {
            "command": command,
            "environment": environment,
            "user": user,
            "folder": folder,
            "layer": layer,
            "stop_signal": stop_signal,
            "calm": calm,
            "common": common,
        }
        log = self._logs / f"{name}.log"
        if log.exists():
            log.replace(log.with_suffix(".previous.log"))
        with self._lock:
            if self._stopping.is_set():
                raise Stopping
            with log.open("wb") as output:
                forked = None
                if common and self._forks and environment is not None and folder is not None:
                    arguments = [str(part) for part in command[2:]]
                    forked = self._forks.start(arguments, environment, folder, output)
                popen = forked or subprocess.Popen(  # noqa: S603 - our own commands, never through a shell
                    [str(part) for part in command],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=dict(environment) if environment is not None else None,
                    cwd=folder,
                    start_new_session=True,
                    **(user.arguments() if user else {}),
                )
            created = psutil.Process(popen.pid).create_time()
            known = Known(name, popen.pid, created, layer, stop_signal)
            child = Child(name, popen, log, known, how)
            self._children[name] = child
            self._write()
        if calm:
            _give_way(popen.pid)
        return child

    def start_again(self, child: Child) -> Child:
        """Start a process that ended as it was started before.

        Raises:
            Stopping: the system is being stopped.
        """
        return self.start(child.name, **child.how)

    def wait(
        self, child: Child, ready: Callable[[], bool], within: float, *, port: int | None = None
    ) -> None:
        """Wait until `ready()`, and until it is that very process that listens on `port`.

        Raises:
            Problem: the process ended, or was not ready in time.
            Stopping: the system is being stopped.
        """
        deadline = time.monotonic() + within
        while not ((port is None or listens(child.pid, port)) and ready()):
            if self._stopping.is_set():
                raise Stopping
            if not child.alive:
                raise Problem(
                    f"{child.name} ended while starting: {_reason(child, port)}. "
                    f"The log is {child.log}.",
                    exit_code=CHECK_FAILED,
                )
            if time.monotonic() > deadline:
                raise Problem(
                    f"{child.name} was not ready after {within:.0f} s: look into {child.log}.",
                    exit_code=CHECK_FAILED,
                )
            time.sleep(0.02)

    def get(self, name: str) -> Child | None:
        return self._children.get(name)

    def stop(self, name: str, within: float = 15.0) -> None:
        """Stop one process and wait for its end."""
        with self._lock:
            child = self._children.pop(name, None)
        if child is not None:
            _stop([child], within)
            with self._lock:
                self._write()

    def dead(self) -> list[Child]:
        """The processes that ended although nobody asked them to."""
        with self._lock:
            return [child for child in self._children.values() if not child.alive]

    def kill_all(self) -> None:
        """End everything at once, for what nobody will start again."""
        self._stopping.set()
        with self._lock:
            children = list(self._children.values())
            self._children.clear()
        for child in children:
            if child.alive:
                child.kill()
        self._file.remove()

    def stop_all(self, within: float = 15.0) -> None:
        """Stop everything, the last layer first, and let nothing start any more."""
        self._stopping.set()
        with self._lock:
            children = list(self._children.values())
            self._children.clear()
        for layer in sorted({child.known.layer for child in children}, reverse=True):
            _stop([child for child in children if child.known.layer == layer], within)
        self._file.remove()

    def refuse(self) -> None:
        """Let nothing start any more, and end every wait."""
        self._stopping.set()

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def _write(self) -> None:
        self._file.write([self._own, *(child.known for child in self._children.values())])


def _give_way(pid: int) -> None:
    """Let a process have what others leave: against those of its session, and, as Linux weighs
    sessions against one another where `autogroup` is on, its session against others."""
    with contextlib.suppress(psutil.Error, OSError):
        psutil.Process(pid).nice(LEAST)
        Path(f"/proc/{pid}/autogroup").write_text(str(LEAST))


def _stop(children: list[Child], within: float) -> None:
    alive = [child for child in children if child.alive]
    stop_together([child.known for child in alive], within)
    for child in alive:
        child.popen.wait(5)


def _reason(child: Child, port: int | None) -> str:
    if port is not None and not is_free(port):
        return f"its port {port} is in use by {holder(port)}"
    return last_line(child.log).rstrip(".")


def last_line(log: Path) -> str:
    """The line of a log that says why its process ended; empty when there is none."""
    with contextlib.suppress(OSError):
        return cause(log.read_text(errors="replace"))
    return ""


def python(*arguments: str) -> list[str]:
    """The command line of a Python module in the environment that runs this one."""
    return [sys.executable, *arguments]


def inherited(**changes: str) -> dict[str, str]:
    """The environment of this process with `changes`."""
    return {**os.environ, **changes}
