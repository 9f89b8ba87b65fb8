"""Processes are started, waited for and ended; those of others are left alone."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from stepwell.runtime import lock
from stepwell.runtime.pids import Known, PidFile, own, stop_leftovers
from stepwell.runtime.problem import Problem, Stopping
from stepwell.runtime.processes import STORES, Processes, python
from stepwell.runtime.state import State

SLEEPS = "import time; time.sleep(60)"
STUBBORN = f"import signal; signal.signal(15, signal.SIG_IGN); print('up', flush=True); {SLEEPS}"


@pytest.fixture
def processes(tmp_path: Path):
    running = Processes(tmp_path / "processes.json", tmp_path / "logs")
    yield running
    running.stop_all(within=1)


def test_everything_stops_and_the_pid_file_goes(processes: Processes, tmp_path: Path) -> None:
    store = processes.start("store", python("-c", SLEEPS), layer=STORES)
    service = processes.start("service", python("-c", SLEEPS))
    assert [k.name for k in PidFile(tmp_path / "processes.json").read()] == [
        "stepwell up",
        "store",
        "service",
    ]
    processes.stop_all()
    assert not store.alive
    assert not service.alive
    assert not (tmp_path / "processes.json").exists()


def test_a_process_that_does_not_listen_is_ended_by_force(processes: Processes) -> None:
    child = processes.start("stubborn", python("-c", STUBBORN))
    processes.wait(child, lambda: b"up" in child.log.read_bytes(), 10)
    processes.stop_all(within=0.2)
    assert not child.alive


def test_a_process_that_ends_while_starting_is_named_with_its_last_words(
    processes: Processes,
) -> None:
    child = processes.start("service", python("-c", "raise SystemExit('no database')"))
    with pytest.raises(Problem, match=r"service ended while starting: no database\. The log is"):
        processes.wait(child, lambda: False, 10)


def test_waiting_ends_when_the_system_is_stopped(processes: Processes) -> None:
    child = processes.start("service", python("-c", SLEEPS))
    processes.refuse()
    with pytest.raises(Stopping):
        processes.wait(child, lambda: False, 10)
    with pytest.raises(Stopping):
        processes.start("another", python("-c", SLEEPS))


def test_a_process_that_died_is_noticed(processes: Processes) -> None:
    child = processes.start("service", python("-c", SLEEPS))
    assert processes.dead() == []
    child.kill()
    assert processes.dead() == [child]


def test_leftovers_of_a_crash_are_ended(tmp_path: Path) -> None:
    left = subprocess.Popen([sys.executable, "-c", SLEEPS], start_new_session=True)
    created = psutil.Process(left.pid).create_time()
    PidFile(tmp_path / "pids").write([Known("service", left.pid, created, 2, signal.SIGTERM)])
    assert stop_leftovers(tmp_path / "pids") == ["service"]
    assert left.wait(5) == -signal.SIGTERM
    assert not (tmp_path / "pids").exists()


def test_who_starts_the_system_can_be_found_while_leftovers_are_ended(tmp_path: Path) -> None:
    file = PidFile(tmp_path / "pids")
    left = subprocess.Popen([sys.executable, "-c", SLEEPS], start_new_session=True)
    created = psutil.Process(left.pid).create_time()
    file.write([Known("service", left.pid, created, 2, signal.SIGTERM)])
    assert stop_leftovers(file.path, starter=own()) == ["service"]
    assert left.wait(5) == -signal.SIGTERM
    assert file.read() == [own()]


def test_a_stale_pid_that_belongs_to_somebody_else_now_is_left_alone(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", SLEEPS], start_new_session=True)
    try:
        PidFile(tmp_path / "pids").write(
            [Known("service", other.pid, time.time() - 5000, 2, signal.SIGTERM)]
        )
        assert stop_leftovers(tmp_path / "pids") == []
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


@pytest.mark.parametrize("content", ["{{", "[1]", '[{"name": "x"}]', "null"])
def test_a_broken_pid_file_names_nobody(tmp_path: Path, content: str) -> None:
    (tmp_path / "pids").write_text(content)
    assert stop_leftovers(tmp_path / "pids") == []


def test_a_lock_file_without_its_process_does_not_count(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    state.create()
    state.lock.write_text("left by a crash")
    with lock.locked(state):
        pass


def test_a_second_system_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    with lock.locked(state):
        stop_leftovers(state.processes, starter=own())
        with pytest.raises(Problem, match="already runs here"), lock.locked(state):
            pass
