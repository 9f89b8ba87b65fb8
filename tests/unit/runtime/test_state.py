"""Stepwell uses and deletes what is its own; a folder with other things in it is left alone."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from stepwell import main
from stepwell.commands import down, reset, token
from stepwell.runtime import lock
from stepwell.runtime.problem import Problem
from stepwell.runtime.state import State
from stepwell.runtime.stopping import stopped

STARTING = """
import signal, sys
from pathlib import Path
from stepwell.runtime import lock
from stepwell.runtime.pids import own, stop_leftovers
from stepwell.runtime.state import State
state = State(Path(sys.argv[1]))
with lock.locked(state):
    print("held", flush=True)
    stop_leftovers(state.processes, starter=own())
    signal.pause()
"""


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    monkeypatch.setenv("STEPWELL_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("STEPWELL_CACHE", str(tmp_path / "cache"))
    return State.default()


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_folder_that_is_not_stepwells_is_refused_and_left_as_it_is(state: State) -> None:
    for folder in (state.mail, state.logs, state.kafka, state.postgres):
        folder.mkdir(parents=True)
        (folder / "letter").write_text("not Stepwell's")
    state.processes.write_text("[]")
    state.folder.chmod(0o750)
    before = names(state.folder)
    for command in (down.command, reset.command, lambda: token.command("auditor", sites="*")):
        with pytest.raises(Problem, match="things that are not Stepwell's") as told:
            command()
        assert told.value.exit_code == 2
    assert names(state.folder) == before
    assert mode(state.folder) == 0o750


def test_an_error_nobody_expected_writes_nothing_into_a_folder_of_others(
    state: State, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    state.folder.mkdir()
    (state.folder / "letter").write_text("not Stepwell's")
    monkeypatch.setattr(main, "application", len)
    monkeypatch.setattr("sys.argv", ["stepwell"])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 1
    assert "Unexpected TypeError" in capsys.readouterr().err
    assert names(state.folder) == {"letter"}


def test_only_a_folder_that_was_made_gets_its_mode(state: State) -> None:
    state.create()
    assert mode(state.folder) == 0o711
    assert mode(state.logs) == 0o700
    other = State(state.folder.with_name("empty"))
    other.folder.mkdir()
    other.folder.chmod(0o1777)
    other.create()
    assert mode(other.folder) == 0o1777


def test_a_state_folder_from_before_there_were_markers_is_accepted(state: State) -> None:
    state.create()
    state.marker.unlink()
    state.secrets.write_text("{}")
    (state.folder / "spans.jsonl").touch()
    assert state.exists()
    state.create()
    assert state.marker.exists()


def test_reset_leaves_no_password_and_no_draft(state: State) -> None:
    state.create()
    for file in ("secrets.json", "secrets.json.4711", "postgres.draft.word", "issuer-key.json"):
        (state.folder / file).write_text("secret")
    for folder in ("postgres", "postgres.draft"):
        (state.folder / folder / "base").mkdir(parents=True)
    reset.command()
    assert not state.folder.exists()


def test_reset_keeps_what_somebody_else_put_there_and_the_folder_stays_usable(state: State) -> None:
    state.create()
    (state.folder / "notes").write_text("mine")
    reset.command()
    assert names(state.folder) == {"notes", "lock", "stepwell-state"}
    state.create()


def test_reset_of_the_cache_deletes_downloads_only(state: State, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    made = ("kafka-4.4.0", "kafka-4.4.0.draft", "kafka-4.4.0.maven", "zipkin-3.6.1-unpacked")
    others = ("pip", "kafka-docs", "maven", "java")
    for folder in (*made, *others):
        (cache / folder / "inside").mkdir(parents=True)
    for file in ("java-6f28ba29f197.jsa", "java-6f28ba29f197.draft-12", "lock", "list.txt"):
        (cache / file).touch()
    reset.command(cache=True)
    assert {path.name for path in cache.iterdir()} == {*others, "lock", "list.txt"}


def test_a_system_that_has_only_begun_to_start_is_stopped_before_its_data_is_deleted(
    state: State,
) -> None:
    starting = subprocess.Popen(
        [sys.executable, "-c", STARTING, str(state.folder)], stdout=subprocess.PIPE
    )
    assert starting.stdout is not None
    assert starting.stdout.readline() == b"held\n"
    with stopped(state) as told:
        assert told == ["Stepwell"]
        assert starting.wait(0) != 0
        with pytest.raises(Problem, match="Another command is at work"), lock.locked(state):
            pass
    starting.stdout.close()


def test_a_lock_that_was_deleted_meanwhile_holds_nothing(state: State) -> None:
    state.create()
    with lock.locked(state):
        state.lock.unlink()
        with lock.locked(state):
            pass


def test_a_state_folder_that_cannot_be_written_is_said_in_one_line(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("STEPWELL_STATE", str(tmp_path / "file" / "state"))
    with pytest.raises(Problem, match="cannot be written") as told:
        token.command("auditor", sites="*")
    assert told.value.exit_code == 3
