"""Archives of Java's classes: one of each kind, and none of a Java that is gone."""

import os
from pathlib import Path

from stepwell.runtime.sharing import _adopt, _keep_only

GONE = 2**22
"""A process id above all that Linux gives."""


def test_archives_of_another_java_are_deleted_but_not_those_that_are_being_written(
    tmp_path: Path,
) -> None:
    own = tmp_path / "java-0a1b.jsa"
    kept = (own.name, "java-0a1b.draft-7", f"java-ffff.draft-{os.getpid()}", "server.jar")
    for name in (*kept, "java-ffff.jsa", f"java-ffff.draft-{GONE}"):
        (tmp_path / name).touch()
    _keep_only(own)
    assert {path.name for path in tmp_path.iterdir()} == set(kept)


def test_an_archive_is_taken_over_once_the_runtime_that_had_it_written_is_gone(
    tmp_path: Path,
) -> None:
    own = tmp_path / "java-0a1b.jsa"
    living = tmp_path / f"java-0a1b.draft-{os.getpid()}"
    living.touch()
    _adopt(own)
    assert not own.exists()
    (tmp_path / f"java-0a1b.draft-{GONE}").touch()
    _adopt(own)
    assert {path.name for path in tmp_path.iterdir()} == {own.name, living.name}
