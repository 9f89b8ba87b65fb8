"""A download is complete and checked, or the person is told in one line what to do."""

import fcntl
import hashlib
import os
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import pytest

from stepwell.runtime import jars
from stepwell.runtime.downloads import Download
from stepwell.runtime.problem import Problem, Stopping

CONTENT = b"a jar" * 1000
LOCK = {"server.jar": (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())}


def python(program: str) -> Sequence[str]:
    return (sys.executable, "-c", f"import os, pathlib, sys, time\n{program}")


def fetches(content: bytes) -> Sequence[str]:
    return python(f"pathlib.Path(sys.argv[2], 'server.jar').write_bytes({content[:5]!r} * 1000)")


NO_NETWORK = python("sys.exit('no connection')")


def test_a_download_is_fetched_once_and_then_found_in_the_cache(tmp_path: Path) -> None:
    folder = tmp_path / "server-1"
    found = Download("Server", folder, LOCK, fetches(CONTENT)).ensure()
    assert (found / "server.jar").read_bytes() == CONTENT
    assert Download("Server", folder, LOCK, NO_NETWORK).ensure() == folder
    assert {path.name for path in tmp_path.iterdir()} == {"server-1", "lock"}


@pytest.mark.parametrize(
    "damage",
    [
        lambda jar: jar.write_bytes(CONTENT[:100]),
        lambda jar: jar.write_bytes(b"x" + CONTENT[1:]),
        lambda jar: jar.unlink(),
    ],
    ids=["truncated", "changed", "missing"],
)
def test_a_damaged_cache_is_fetched_again(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    download = Download("Server", tmp_path / "server-1", LOCK, fetches(CONTENT))
    damage(download.ensure() / "server.jar")
    assert download.wrong() == "server.jar"
    download.ensure()
    assert download.wrong() is None


def test_without_network_the_person_is_told_to_connect(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="connect to the network") as told:
        Download("Server", tmp_path / "server-1", LOCK, NO_NETWORK).ensure()
    assert "\n" not in str(told.value)
    assert told.value.exit_code == 3


def test_a_damaged_cache_without_network_is_named_as_the_cause(tmp_path: Path) -> None:
    folder = tmp_path / "server-1"
    folder.mkdir()
    (folder / "server.jar").write_bytes(CONTENT[:100])
    with pytest.raises(Problem, match="cached copy is corrupt"):
        Download("Server", folder, LOCK, NO_NETWORK).ensure()


def test_a_file_that_is_not_the_published_one_is_never_used(tmp_path: Path) -> None:
    download = Download("Server", tmp_path / "server-1", LOCK, fetches(b"forgd"))
    with pytest.raises(Problem, match="checksum differs"):
        download.ensure()
    assert not download.folder.exists()


def test_the_locks_pin_every_jar_of_kafka_and_zipkin() -> None:
    assert len(jars.kafka().lock) > 40
    assert f"kafka-server-{jars.KAFKA_VERSION}.jar" in jars.kafka().lock
    assert list(jars.zipkin().lock) == [f"zipkin-server-{jars.ZIPKIN_VERSION}-slim.jar"]


def test_a_download_that_is_under_way_stops_when_asked_and_leaves_nothing(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    hangs = python(f"print(os.getpid(), file=open({str(pipe)!r}, 'w'), flush=True); time.sleep(60)")
    asked = threading.Event()
    ended: list[BaseException] = []

    def ensure() -> None:
        try:
            Download("Server", tmp_path / "cache" / "server-1", LOCK, hangs).ensure(
                stopping=asked.is_set
            )
        except BaseException as error:
            ended.append(error)

    downloading = threading.Thread(target=ensure)
    downloading.start()
    fetcher = int(pipe.read_text())
    asked.set()
    downloading.join(5)
    assert [type(error) for error in ended] == [Stopping]
    assert not psutil.pid_exists(fetcher)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["lock"]


def test_waiting_for_the_download_of_another_stops_when_asked(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(Stopping):
            Download("Server", tmp_path / "server-1", LOCK, NO_NETWORK).ensure(
                stopping=lambda: True
            )
