"""The whole system as `make up` starts it: how soon it is ready the second time, how much it holds.

Everything runs from a state folder and on ports of its own, trace viewer included. The downloads of
an earlier start are used.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil

from benchmarks.measure import Row
from stepwell.runtime.disposable import Stack, free_base, free_ports
from stepwell.runtime.processes import python

STEPWELL = python("-m", "stepwell.main")
READY_SECONDS = 12
RESIDENT_MB = 2_048


async def run(_: Stack) -> list[Row]:
    """Seconds and megabytes; the first start only fills the folder."""
    folder = Path(tempfile.mkdtemp(prefix="stepwell-bench-"))
    (traces,) = free_ports(1)
    environment = {
        **os.environ,
        "STEPWELL_STATE": str(folder / "state"),
        "STEPWELL_PORT_BASE": str(free_base()),
        "STEPWELL_TRACE_PORT": str(traces),
    }
    try:
        with running(environment):
            pass
        started = time.perf_counter()
        with running(environment) as process:
            ready = time.perf_counter() - started
            resident = resident_mb(process.pid)
    finally:
        await reset(environment)
        shutil.rmtree(folder, ignore_errors=True)
    return [
        Row("second make up until ready", round(ready, 1), "s", None, None, READY_SECONDS, "lower"),
        Row("whole stack, resident", round(resident), "MB", None, None, RESIDENT_MB, "lower"),
    ]


@contextlib.contextmanager
def running(environment: Mapping[str, str]) -> Iterator["subprocess.Popen[str]"]:
    """The system, from the moment it is ready, which is after its story.

    Raises:
        RuntimeError: it did not become ready.
    """
    process = subprocess.Popen(
        [*STEPWELL, "up"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    printed = []
    for line in process.stdout:
        printed.append(line)
        if line.strip() == "Stepwell is ready":
            break
    else:
        raise RuntimeError("".join(printed[-5:]))
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


async def reset(environment: Mapping[str, str]) -> None:
    """Delete the data, also what an interrupted run left."""
    command = [*STEPWELL, "reset"]
    await (await asyncio.create_subprocess_exec(*command, env=environment)).wait()


def resident_mb(pid: int) -> float:
    """Resident memory of a process and all below it; pages that they share count once (PSS)."""
    root = psutil.Process(pid)
    family = [root, *root.children(recursive=True)]
    return float(sum(one.memory_full_info().pss for one in family)) / 2**20
