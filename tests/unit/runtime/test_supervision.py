"""A process that dies is started again, and not for ever."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stepwell.runtime.problem import Problem
from stepwell.runtime.processes import Child, Processes, python
from stepwell.runtime.supervision import Supervisor

SLEEPS = "print('up', flush=True); import time; time.sleep(600)"
FAILS = "print('opening'); print('no such table'); raise SystemExit(7)"


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    running = Processes(tmp_path / "processes.json", tmp_path / "logs")
    yield running
    running.stop_all(within=1)


async def until(true: Callable[[], bool]) -> None:
    """Wait for something that a process does."""
    async with asyncio.timeout(20):
        while True:
            if true():
                return
            await asyncio.sleep(0.01)


def running(processes: Processes, name: str, *, not_: Child) -> Child | None:
    """The process that has taken the place of one that ended, once it is at work."""
    now = processes.get(name)
    return now if now and now.pid != not_.pid and b"up" in now.log.read_bytes() else None


async def test_a_process_that_dies_is_started_again_as_it_was_and_the_person_is_told(
    processes: Processes, tmp_path: Path
) -> None:
    told: list[str] = []
    given = {**os.environ, "OWN": "kept"}
    child = processes.start("service", python("-c", SLEEPS), environment=given, folder=tmp_path)

    async def kill() -> None:
        await until(lambda: b"up" in child.log.read_bytes())
        child.kill()
        await until(lambda: running(processes, "service", not_=child) is not None)

    await Supervisor(processes, told.append, pause=0.05).during(kill())
    again = processes.get("service")
    assert again is not None
    assert again.alive
    assert again.how == child.how
    previous = tmp_path / "logs" / "service.previous.log"
    assert told == [
        f"service ended (SIGKILL): it is started again in 0.05 s; its log will be {previous}."
    ]
    assert previous.read_text() == "up\n"


async def test_the_third_death_in_a_minute_ends_the_system_with_the_end_of_the_log(
    processes: Processes,
) -> None:
    told: list[str] = []
    cancelled = asyncio.Event()

    async def story() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    child = processes.start("service", python("-c", FAILS))
    with pytest.raises(Problem, match=r"service ended \(exit code 7\), three times") as problem:
        await Supervisor(processes, told.append, pause=0.05).during(story())
    await cancelled.wait()
    assert problem.value.exit_code == 1
    assert str(child.log) in str(problem.value)
    first, second, *tail = told
    assert "started again in 0.05 s" in first
    assert "started again in 0.1 s" in second
    assert tail == ["  opening", "  no such table"]


async def test_a_death_that_is_long_ago_does_not_count(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stepwell.runtime.supervision.WITHIN_SECONDS", 0.0)
    told: list[str] = []
    processes.start("service", python("-c", FAILS))
    work = until(lambda: len(told) == 4)
    await Supervisor(processes, told.append, pause=0.01).during(work)
    assert all("started again in 0.01 s" in line for line in told)


async def test_the_other_processes_are_left_alone(processes: Processes) -> None:
    told: list[str] = []
    other = processes.start("other", python("-c", SLEEPS))
    child = processes.start("service", python("-c", SLEEPS))
    os.kill(child.pid, signal.SIGTERM)
    work = until(lambda: running(processes, "service", not_=child) is not None)
    supervisor = Supervisor(processes, told.append, pause=0.05)
    await supervisor.during(work)
    assert processes.get("other") is other
    assert other.alive
    assert supervisor.died == ["service"]


async def test_what_is_done_meanwhile_fails_as_it_would_alone(processes: Processes) -> None:
    async def work() -> None:
        raise ValueError("the story has a gap")

    with pytest.raises(ValueError, match="a gap"):
        await Supervisor(processes, lambda line: None).during(work())
