"""Commands that move time, and signals that the system listens to."""

import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from shared.settings import SERVICES
from stepwell.commands import clock, dead_letters, rebuild, story
from stepwell.main import COMMANDS, application
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


class OneLetter:
    """An operator who is told of one dead letter of intake."""

    def pages(self, service: str, path: str, **params: Any) -> Iterator[dict[str, Any]]:
        if service == "intake":
            yield {
                "stream": "scheduling",
                "key": "019c8a95-d080-7c4d-a1a8-e1d76a7f4541",
                "sequence": 12,
                "type": "org.stepwell.scheduling.SessionAttended.v1",
                "reason": "handler_failed",
                "detail": "ForeignKeyViolationError",
                "failed_at": "2026-03-19T19:10:00Z",
                "attempts": 1,
                "resolution": None,
            }


def test_a_narrow_terminal_cuts_off_no_key_that_the_next_command_needs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(dead_letters, "Operator", OneLetter)
    with pytest.raises(typer.Exit):
        dead_letters.list_letters()
    shown = [line for line in capsys.readouterr().out.splitlines() if "handler_failed" in line]
    (line,) = shown
    for told in ("019c8a95-d080-7c4d-a1a8-e1d76a7f4541", "2026-03-19T19:10:00Z", "SessionAttended"):
        assert told in line


@pytest.mark.parametrize(
    ("command", "told"),
    [("up", "STEPWELL_STORY"), ("verify", "Exit code 0"), ("rebuild", "In containers run")],
)
def test_the_help_of_a_command_says_all_that_its_author_wrote(command: str, told: str) -> None:
    helped = CliRunner().invoke(application(command), [command, "--help"], env={"COLUMNS": "200"})
    assert helped.exit_code == 0
    assert told in helped.output


def test_the_list_of_commands_says_of_each_in_a_line_what_it_is_for() -> None:
    listed = CliRunner().invoke(application(None), ["--help"], env={"COLUMNS": "200"}).output
    assert [summary for summary in COMMANDS.values() if summary not in listed] == []


def test_a_rebuild_is_given_the_secret_by_which_journals_are_asked_and_no_other_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: dict[str, str] = {}

    class Asked(Exception):
        """Nothing is started."""

    def started(*arguments: Any, env: dict[str, str], **others: Any) -> None:
        given.update(env)
        raise Asked

    system = {f"OIDC_CLIENT_SECRET_{name.upper()}": f"of {name}" for name in SERVICES}
    monkeypatch.setattr(rebuild, "load_running", lambda: system)
    monkeypatch.setattr(rebuild.subprocess, "Popen", started)
    with pytest.raises(Asked):
        rebuild.command("outcomes")
    secrets = {name: value for name, value in given.items() if name.startswith("OIDC_CLIENT")}
    assert secrets == {"OIDC_CLIENT_SECRET": "of outcomes"}
