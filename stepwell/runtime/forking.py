"""Services and portal of the local system as forks of one process that has imported what they have
in common, which is half a second of processor time for each. Elsewhere nobody starts them so.

That process (`python -m stepwell.runtime.forking`) has one thread, does nothing but fork, and ends
with the one that began it. What it forks becomes a child of that one, in a session of its own, so
that it is watched, started again and stopped like all that is started otherwise.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import runpy
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Self

from stepwell.runtime.state import PROJECT

COMMON = (
    "shared.unneeded",
    "shared.service",
    "shared.telemetry.zipkin",
    "opentelemetry.instrumentation.httpx",
)
PR_SET_CHILD_SUBREAPER = 36
"""As prctl.h of Linux has it."""
LARGEST = 1 << 20


class Forked:
    """A child that another process forked, with what the system uses of `subprocess.Popen`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._asking = threading.Lock()

    def poll(self) -> int | None:
        with self._asking:
            if self.returncode is None and (found := os.waitpid(self.pid, os.WNOHANG))[0]:
                self.returncode = os.waitstatus_to_exitcode(found[1])
            return self.returncode

    def wait(self, timeout: float) -> int:
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(0.02)
        return code


class Forks:
    """The process with the imports, which it begins with at once. A context."""

    def __init__(self) -> None:
        self._asks, answers = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with answers:
            self._popen = subprocess.Popen(  # noqa: S603 - our own command, never through a shell
                [sys.executable, "-m", "stepwell.runtime.forking", str(answers.fileno())],
                pass_fds=[answers.fileno()],
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                cwd=PROJECT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Let the process end; what it forked goes on."""
        self._asks.close()
        self._popen.wait(10)

    def start(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        output: IO[bytes],
    ) -> Forked | None:
        """Run a module, the first of the `arguments`; None where it cannot be done so."""
        asked = [list(arguments), dict(environment), str(folder)]
        with contextlib.suppress(AttributeError, OSError, ValueError), _adopting():
            socket.send_fds(self._asks, [json.dumps(asked).encode()], [output.fileno()])
            return Forked(int(self._asks.recv(LARGEST)))
        return None


@contextlib.contextmanager
def _adopting() -> Iterator[None]:
    """What loses its parent meanwhile among those below this process becomes a child of its own.

    Raises:
        OSError: the kernel does not let it.
    """
    control = ctypes.CDLL(None).prctl
    if control(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError
    try:
        yield
    finally:
        control(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def serve(asks: socket.socket) -> None:
    """Fork for everybody who asks; in what was forked the module runs when this returns."""
    for name in COMMON:
        importlib.import_module(name)
    gc.freeze()
    while True:
        asked, handles, *_ = socket.recv_fds(asks, LARGEST, 1)
        if not asked:
            sys.exit()
        told, tell = os.pipe()
        if (between := os.fork()) == 0:
            if os.fork():
                os._exit(0)
            os.setsid()
            os.write(tell, str(os.getpid()).encode())
            asks.close()
            os.close(told)
            os.close(tell)
            return _become(handles[0], *json.loads(asked))
        os.close(tell)
        os.close(handles[0])
        os.waitpid(between, 0)
        asks.send(os.read(told, LARGEST))
        os.close(told)


def _become(output: int, arguments: list[str], environment: dict[str, str], folder: str) -> None:
    for number in (1, 2):
        os.dup2(output, number)
    os.close(output)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = arguments


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
