"""Tools from outside that read the contracts: those of Node in versions of their own lock file."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest

from stepwell.runtime.state import cache_folder

T = TypeVar("T")
NODE = Path(__file__).parents[1] / "contracts" / "node"
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}
AT_ONCE = 2


class SideBySide:
    """Work that is done two at a time, while tests wait for their parts of it."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(AT_ONCE)

    def start(self, work: Callable[..., T], *given: object) -> Future[T]:
        return self._pool.submit(work, *given)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


def node_tools() -> Path:
    """The folder with the tools of Node, which are fetched once into the cache.

    Without Node the test is skipped and says so; in continuous integration it fails, as Node has to
    be there.
    """
    if shutil.which("npm") is None:
        told = "Node is not installed here, so that the tools which read our contracts cannot run."
        (pytest.fail if os.environ.get("CI") else pytest.skip)(told)
    lock = (NODE / "package-lock.json").read_bytes()
    folder = cache_folder() / f"node-{hashlib.sha256(lock).hexdigest()[:16]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(NODE, folder)
            run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", folder=folder)
            (folder / "complete").touch()
    return folder


def run(*command: str | Path, folder: Path) -> str:
    """What a command printed; the test fails with it when the command does."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**os.environ, **QUIET},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    told = f"{done.stdout}\n{done.stderr}"
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}:\n{told[-6000:]}"
    return done.stdout


def script(name: str) -> str:
    """A command that a Python package installed."""
    return str(Path(sys.executable).with_name(name))
