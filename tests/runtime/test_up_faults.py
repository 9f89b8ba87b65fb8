"""What goes wrong when the system starts gets one clear line and an exit code, and leaves nothing.

Each test runs the real command in a state folder and on ports of its own. The folder's path is not
ASCII and files are closed to others from the start, as some people's machines have it.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from stepwell.runtime import jars
from stepwell.runtime.disposable import free_base
from stepwell.runtime.pids import PidFile
from stepwell.runtime.ports import Ports, is_free
from stepwell.runtime.state import PROJECT, State

NOWHERE = "http://127.0.0.1:9"


class Installation:
    """The `stepwell` command with a state folder and ports of its own."""

    def __init__(self, folder: Path) -> None:
        self.state = State(folder)
        self.base = free_base()
        self.trace_port = self.base + 50
        self.started: list[subprocess.Popen[str]] = []

    def variables(self, **more: str) -> dict[str, str]:
        return {
            **os.environ,
            "STEPWELL_STATE": str(self.state.folder),
            "STEPWELL_PORT_BASE": str(self.base),
            "STEPWELL_TRACE_PORT": str(self.trace_port),
            "STEPWELL_STORY": "off",
            **more,
        }

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "stepwell.main", *arguments],
            cwd=PROJECT,
            env=self.variables(**more),
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    def begin(self, **more: str) -> subprocess.Popen[str]:
        """Begin to start the system."""
        process = subprocess.Popen(
            [sys.executable, "-m", "stepwell.main", "up"],
            cwd=PROJECT,
            env=self.variables(TRACES="off", **more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            umask=0o077,
        )
        self.started.append(process)
        return process

    def up(self) -> subprocess.Popen[str]:
        """Start the system and wait until it says that it is ready."""
        process = self.begin()
        assert process.stdout is not None
        for line in process.stdout:
            if "Stepwell is ready" in line:
                return process
        raise AssertionError(process.communicate()[1])

    def children(self) -> list[psutil.Process]:
        known = [k.process() for k in PidFile(self.state.processes).read() if k.layer < 99]
        return [process for process in known if process is not None]


def one_line(text: str) -> str:
    """The text, when it is one line by `stepwell` and no traceback."""
    assert text.startswith("stepwell: "), text
    assert text.count("\n") == 1, text
    return text


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path / "josé m" / "state")
    yield made
    for process in made.started:
        if process.poll() is None:
            process.kill()
        process.wait()
    made.run("reset")


def test_a_port_in_use_is_named(installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", installation.base + 3)):
        ended = installation.run("up")
    line = one_line(ended.stderr)
    assert f"Port {installation.base + 3} for notifications is in use" in line
    assert "STEPWELL_PORT_BASE" in line
    assert ended.returncode == 3


def test_the_first_download_without_network_says_so(
    installation: Installation, tmp_path: Path
) -> None:
    ended = installation.run(
        "up", STEPWELL_CACHE=str(tmp_path / "cache"), HTTPS_PROXY=NOWHERE, https_proxy=NOWHERE
    )
    assert "connect to the network" in one_line(ended.stderr)
    assert ended.returncode == 3
    assert installation.children() == []


def test_a_corrupt_cache_without_network_says_which_part_is_corrupt(
    installation: Installation, tmp_path: Path
) -> None:
    jars.kafka().ensure()
    folder = tmp_path / "cache" / jars.kafka().folder.name
    folder.mkdir(parents=True)
    for jar in jars.kafka().folder.glob("*.jar"):
        (folder / jar.name).hardlink_to(jar)
    damaged = folder / f"kafka-clients-{jars.KAFKA_VERSION}.jar"
    damaged.unlink()
    damaged.write_bytes(b"PK truncated")
    ended = installation.run(
        "up",
        STEPWELL_CACHE=str(tmp_path / "cache"),
        HTTPS_PROXY=NOWHERE,
        https_proxy=NOWHERE,
        TRACES="off",
    )
    assert "corrupt" in one_line(ended.stderr)
    assert ended.returncode == 3
    assert installation.children() == []


@pytest.fixture
def downloading(
    installation: Installation, tmp_path: Path
) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A system that waits for a network that takes connections and never answers; its cache."""
    cache = tmp_path / "cache"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        proxy = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = installation.begin(
            STEPWELL_CACHE=str(cache), HTTPS_PROXY=proxy, https_proxy=proxy
        )
        silent.settimeout(30)
        connection, _ = silent.accept()
        yield process, cache
        connection.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_during_the_first_download_stops_at_once_and_leaves_no_part_of_it(
    downloading: tuple[subprocess.Popen[str], Path], number: signal.Signals
) -> None:
    process, cache = downloading
    began = time.monotonic()
    process.send_signal(number)
    told, errors = process.communicate(timeout=15)
    assert time.monotonic() - began < 2
    assert told.endswith("Stopping …\nStopped.\n")
    assert errors == ""
    assert [path.name for path in cache.iterdir()] == ["lock"]


def test_reset_stops_a_system_that_is_still_starting_before_it_deletes(
    installation: Installation, downloading: tuple[subprocess.Popen[str], Path]
) -> None:
    process, _ = downloading
    assert installation.run("reset").returncode == 0
    _, errors = process.communicate(timeout=1)
    assert (process.returncode, errors) == (0, "")
    assert not installation.state.folder.exists()


def test_commands_for_a_running_system_say_that_none_runs(installation: Installation) -> None:
    for command in (["pending"], ["verify"], ["dead-letters", "list"], ["clock", "show"]):
        ended = installation.run(*command)
        assert "No Stepwell is running here" in one_line(ended.stderr)
        assert ended.returncode == 3


def test_a_second_up_is_refused_and_down_stops_the_first(installation: Installation) -> None:
    process = installation.up()
    children = installation.children()
    second = installation.run("up")
    assert f"already runs here (process {process.pid})" in one_line(second.stderr)
    assert second.returncode == 3
    assert installation.run("pending").returncode == 0
    assert installation.run("verify").returncode == 0
    assert installation.run("down").returncode == 0
    assert process.wait(5) == 0
    assert not any(child.is_running() for child in children)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything(installation: Installation, number: signal.Signals) -> None:
    process = installation.up()
    children = installation.children()
    assert len(children) >= 7
    process.send_signal(number)
    assert process.wait(30) == 0
    assert not any(child.is_running() for child in children)
    assert not installation.state.processes.exists()


def test_after_kill_9_the_next_up_clears_the_leftovers_and_finds_its_data(
    installation: Installation,
) -> None:
    process = installation.up()
    left = installation.children()
    process.kill()
    process.wait()
    assert all(child.is_running() for child in left)
    assert "No Stepwell is running" in installation.run("pending").stderr
    again = installation.up()
    assert not any(child.is_running() for child in left)
    assert installation.run("verify").returncode == 0
    again.terminate()
    assert again.wait(30) == 0


def pid_of(installation: Installation, name: str) -> int:
    """The process that has a name in the system now."""
    (known,) = [k for k in PidFile(installation.state.processes).read() if k.name == name]
    return known.pid


def following(process: subprocess.Popen[str], word: str) -> str:
    """The next line that the system prints with this word."""
    assert process.stdout is not None
    return next(line for line in process.stdout if word in line)


@pytest.mark.parametrize("name", ["scheduling", "kafka", "postgres"])
def test_a_part_that_dies_is_started_again(installation: Installation, name: str) -> None:
    process = installation.up()
    died = pid_of(installation, name)
    os.kill(died, signal.SIGKILL)
    assert following(process, name).startswith(
        f"{name} ended (SIGKILL): it is started again in 1 s"
    )
    deadline = time.monotonic() + 60
    while pid_of(installation, name) == died or installation.run("verify").returncode != 0:
        assert time.monotonic() < deadline
    process.terminate()
    assert process.wait(30) == 0


def test_the_third_death_in_a_minute_stops_everything(installation: Installation) -> None:
    process = installation.up()
    children = installation.children()
    for told in ("in 1 s", "in 2 s", None):
        died = pid_of(installation, "scheduling")
        os.kill(died, signal.SIGKILL)
        if told:
            assert told in following(process, "scheduling ended")
            deadline = time.monotonic() + 30
            while pid_of(installation, "scheduling") == died:
                assert time.monotonic() < deadline
                time.sleep(0.01)
    _, errors = process.communicate(timeout=60)
    line = one_line(errors)
    assert line.startswith("stepwell: scheduling ended (SIGKILL), three times in a minute now")
    assert process.returncode == 1
    assert not any(child.is_running() for child in children)
    assert installation.children() == []


def test_ports_that_connections_may_take_are_warned_of_before_anything_starts(
    installation: Installation,
) -> None:
    with contextlib.ExitStack() as stack:
        while True:
            taken = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            kafka = taken.getsockname()[1]
            chosen = Ports(kafka - Ports(0).kafka)
            if all(is_free(port) for port in chosen.all if port != kafka):
                break
        installation.base = chosen.base
        ended = installation.run("up", TRACES="off")
    first, last = min(chosen.all), max(chosen.all)
    assert ended.stdout.startswith(f"Warning: Ports from {first} to {last} lie in the range ")
    assert "Kafka: ready" not in ended.stdout
    assert f"Port {kafka} for Kafka is in use" in one_line(ended.stderr)
    assert ended.returncode == 3
