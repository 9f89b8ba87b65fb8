"""What the servers are told before they start, and what is taken from what they say."""

import os
import stat
from pathlib import Path

import pytest

from stepwell.runtime import unprivileged
from stepwell.runtime.kafka import escaped
from stepwell.runtime.postgres import Postgres
from stepwell.runtime.processes import Processes
from stepwell.runtime.programs import cause, first_line
from stepwell.runtime.unprivileged import User, make_reachable, reachable_copy

DISK_FULL = """\
The files belonging to this database system will be owned by user "nobody".
creating configuration files ... ok
running bootstrap script ... 2026-11-25 FATAL:  could not write to file: No space left on device
child process exited with exit code 1
initdb: removing contents of data directory "/state/postgres.draft"
"""
DISK_FULL_EARLY = """\
initdb: error: could not write file "/state/postgres.draft/postgresql.conf": No space left on device
initdb: removing contents of data directory "/state/postgres.draft"
"""
REFUSED = """\
Exception in thread "main" org.apache.kafka.common.config.ConfigException: no such folder
\tat org.apache.kafka.Tool.main(Tool.java:1)
\t... 3 more
"""


def test_on_a_full_disk_postgres_is_quoted_with_its_error_not_with_its_clearing_up() -> None:
    assert cause(DISK_FULL).endswith("FATAL:  could not write to file: No space left on device")
    assert cause(DISK_FULL_EARLY).startswith("initdb: error: could not write file")


def test_of_a_server_that_names_no_error_the_last_line_is_quoted() -> None:
    assert cause("starting\n\nno database\n") == "no database"
    assert cause("") == "no reason given"


def test_java_is_quoted_with_its_message_not_with_a_frame() -> None:
    assert first_line(REFUSED).endswith("ConfigException: no such folder")


def test_kafka_gets_any_path_in_ascii() -> None:
    assert escaped("/home/josé m/kafka") == "/home/jos\\u00e9 m/kafka"
    assert escaped("/a\\b/😀") == "/a\\\\b/\\ud83d\\ude00"


def test_postgres_is_ready_only_when_its_own_process_says_so(tmp_path: Path) -> None:
    processes = Processes(tmp_path / "processes.json", tmp_path / "logs")
    postgres = Postgres(tmp_path / "postgres", 5432, "word", processes)
    postgres.data = tmp_path
    lines = ["4711", str(tmp_path), "0", "5432", "", "", "", "ready   "]
    (tmp_path / "postmaster.pid").write_text("\n".join(lines))
    assert postgres._is_ready(4711)
    assert not postgres._is_ready(4712)


@pytest.fixture
def closed_umask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(unprivileged, "REACHABLE_BY_ALL", tmp_path / "lib" / "stepwell")
    before = os.umask(0o077)
    yield tmp_path / "lib" / "stepwell"
    os.umask(before)


def test_others_pass_through_the_folders_made_for_them_whatever_the_umask(
    closed_umask: Path,
) -> None:
    make_reachable(closed_umask / "state")
    for folder in (closed_umask, closed_umask / "state"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_others_read_the_copy_of_programs_that_only_root_could_read(
    closed_umask: Path, tmp_path: Path
) -> None:
    package = tmp_path / "site-packages" / "server"
    (package / "bin").mkdir(parents=True)
    (package / "bin" / "postgres").touch(0o700)
    (package / "data").touch(0o600)
    copy = reachable_copy(package, User(65534, 65534))
    for path in (copy.parent, copy, copy / "bin", copy / "bin" / "postgres"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o755
    assert stat.S_IMODE((copy / "data").stat().st_mode) == 0o644
