"""A download is complete and checked, or the person is told in one line what to do."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from stepwell.runtime import jars
from stepwell.runtime.downloads import Download
from stepwell.runtime.problem import Problem

CONTENT = b"a jar" * 1000
LOCK = {"server.jar": (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())}


def fetches(content: bytes, calls: list[str]) -> Callable[[Path, Path], None]:
    def fetch(repository: Path, folder: Path) -> None:
        calls.append("fetched")
        (folder / "server.jar").write_bytes(content)

    return fetch


def no_network(repository: Path, folder: Path) -> None:
    raise ConnectionError("no route")


def test_a_download_is_fetched_once_and_then_found_in_the_cache(tmp_path: Path) -> None:
    calls: list[str] = []
    download = Download("Server", tmp_path / "server-1", LOCK, fetches(CONTENT, calls))
    assert (download.ensure() / "server.jar").read_bytes() == CONTENT
    download.ensure()
    assert calls == ["fetched"]


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
    download = Download("Server", tmp_path / "server-1", LOCK, fetches(CONTENT, []))
    damage(download.ensure() / "server.jar")
    assert download.wrong() == "server.jar"
    download.ensure()
    assert download.wrong() is None


def test_without_network_the_person_is_told_to_connect(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="connect to the network") as told:
        Download("Server", tmp_path / "server-1", LOCK, no_network).ensure()
    assert "\n" not in str(told.value)
    assert told.value.exit_code == 3


def test_a_damaged_cache_without_network_is_named_as_the_cause(tmp_path: Path) -> None:
    folder = tmp_path / "server-1"
    folder.mkdir()
    (folder / "server.jar").write_bytes(CONTENT[:100])
    with pytest.raises(Problem, match="cached copy is corrupt"):
        Download("Server", folder, LOCK, no_network).ensure()


def test_a_file_that_is_not_the_published_one_is_never_used(tmp_path: Path) -> None:
    download = Download("Server", tmp_path / "server-1", LOCK, fetches(b"forged", []))
    with pytest.raises(Problem, match="checksum differs"):
        download.ensure()
    assert not download.folder.exists()


def test_the_locks_pin_every_jar_of_kafka_and_zipkin() -> None:
    assert len(jars.kafka().lock) > 40
    assert f"kafka-server-{jars.KAFKA_VERSION}.jar" in jars.kafka().lock
    assert list(jars.zipkin().lock) == [f"zipkin-server-{jars.ZIPKIN_VERSION}-slim.jar"]
