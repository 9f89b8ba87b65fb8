"""Commands that move time, and signals that the system listens to."""

import signal
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest
from rich.console import Console

from stepwell.commands import clock, story
from stepwell.runtime import clock_file, lock, starting
from stepwell.runtime.disposable import free_base
from stepwell.runtime.environment import External
from stepwell.runtime.ports import Ports
from stepwell.runtime.problem import Problem
from stepwell.runtime.state import State
from stepwell.runtime.steps import Steps
from stepwell.runtime.system import System

MONDAY = datetime(2026, 2, 23, 13, 0, tzinfo=UTC)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    """Of a system that is said to run."""
    monkeypatch.setenv("STEPWELL_STATE", str(tmp_path / "state"))
    running = State.default()
    running.create()
    clock_file.create(running.clock)
    known = {"STEPWELL_ENVIRONMENT": "local", "STEPWELL_CLOCK_FILE": str(running.clock)}
    for command in (clock, story):
        monkeypatch.setattr(command, "load_running", lambda *state: known)
    return running


def test_nobody_else_moves_time_while_the_story_is_told(state: State) -> None:
    with lock.alone(state, lock.STORY):
        for command in (story.command, lambda: clock.advance_clock("1d")):
            with pytest.raises(
                Problem, match=r"^The story is being told: wait until it ends\.$"
            ) as told:
                command()
            assert told.value.exit_code == 3
    assert clock_file.read(state.clock) == MONDAY


def test_the_story_is_not_told_while_the_clock_is_moved(state: State) -> None:
    with (
        lock.alone(state, lock.CLOCK),
        pytest.raises(Problem, match="The clock is being moved: wait until it ends"),
    ):
        story.command()


@pytest.mark.parametrize(
    ("by", "to"),
    [("999999w", None), ("99999w", None), (None, "9999-12-31T23:59:59Z"), (None, "2200-01-01T01Z")],
)
def test_the_clock_does_not_go_where_no_story_could_be_told(by: str | None, to: str | None) -> None:
    with pytest.raises(Problem, match="until 2200-01-01T00:00:00Z only") as told:
        clock._target(MONDAY, by, to)
    assert told.value.exit_code == 2


def test_the_clock_goes_as_far_as_was_asked() -> None:
    assert clock._target(MONDAY, "2d", None) == datetime(2026, 2, 25, 13, 0, tzinfo=UTC)


@pytest.mark.parametrize("before", [signal.SIG_IGN, signal.SIG_DFL])
def test_a_hangup_stops_the_system_unless_it_is_ignored_as_by_nohup(
    before: signal.Handlers,
) -> None:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    handlers = [signal.getsignal(number) for number in numbers]
    try:
        signal.signal(signal.SIGHUP, before)
        starting._listen_to_signals()
        ignored = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        assert ignored == (before == signal.SIG_IGN)
    finally:
        for number, handler in zip(numbers, handlers, strict=True):
            signal.signal(number, handler)


def test_a_part_that_fails_is_told_while_another_is_still_starting(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping = Event()

    def fails(steps: Steps) -> None:
        raise Problem("no room for the traces")

    system = System(state, Ports(free_base()), External())
    monkeypatch.setattr(system, "_start_kafka", lambda steps: stopping.wait(30))
    monkeypatch.setattr(system, "_start_databases", lambda steps: stopping.wait(30))
    monkeypatch.setattr(system, "_start_zipkin", fails)
    monkeypatch.setattr(system, "needed_ports", dict)
    with pytest.raises(Problem, match="no room"), Steps(Console(quiet=True)) as steps:
        system.start(steps)
    assert not stopping.is_set()
    stopping.set()
    system.stop()
