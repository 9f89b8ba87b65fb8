"""What is forked from the process with the common imports is a child like any other."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from stepwell.runtime.forking import Forked, Forks
from stepwell.runtime.processes import Processes, python
from stepwell.runtime.state import PROJECT

NEVER_ENDS = ("http.server", "--bind", "127.0.0.1", "0")


@pytest.fixture
def forks() -> Iterator[Forks]:
    with Forks() as started:
        yield started


def test_it_has_its_own_output_environment_and_exit_code(forks: Forks, tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as output:
        child = forks.start(["json.tool", "--no-such"], {"COLUMNS": "99"}, PROJECT, output)
    assert child is not None
    assert child.wait(30) == 2
    assert "unrecognized arguments: --no-such" in (tmp_path / "log").read_text()
    with (tmp_path / "log").open("wb") as output:
        child = forks.start(["sysconfig"], {"HOME": "/nowhere"}, PROJECT, output)
    assert child is not None
    assert child.wait(30) == 0
    assert "/nowhere/.local" in (tmp_path / "log").read_text()


def test_it_is_started_again_by_the_same_means_and_outlives_whoever_forked_it(
    forks: Forks, tmp_path: Path
) -> None:
    processes = Processes(tmp_path / "processes.json", tmp_path / "logs", forks)
    command = python("-m", *NEVER_ENDS)
    first = processes.start(
        "web", command, environment=dict(os.environ), folder=PROJECT, common=True
    )
    assert isinstance(first.popen, Forked)
    assert psutil.Process(first.pid).ppid() == os.getpid()
    assert os.getsid(first.pid) == first.pid
    processes.wait(first, lambda: "Serving HTTP" in first.log.read_text(), 30)
    first.kill()
    assert first.popen.returncode == -signal.SIGKILL
    assert processes.dead() == [first]
    again = processes.start_again(first)
    assert isinstance(again.popen, Forked)
    forks.__exit__()
    assert again.alive
    third = processes.start(
        "other", command, environment=dict(os.environ), folder=PROJECT, common=True
    )
    assert not isinstance(third.popen, Forked), "where nobody forks it is started as ever"
    processes.stop_all()
    assert not again.alive
