"""Downloads: jars from Maven coordinates, each checked against a committed checksum."""

import contextlib
import fcntl
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from stepwell.runtime.problem import Problem, Stopping
from stepwell.runtime.programs import POLL_SECONDS, last_line, never, run
from stepwell.runtime.state import PROJECT

LOCKS = Path(__file__).with_name("locks")


class Progress(Protocol):
    """Is told how much of a download is there; returns nothing."""

    def __call__(self, title: str, done: int, total: int) -> None: ...


def silent(title: str, done: int, total: int) -> None:
    """Shows nothing."""


@dataclass(frozen=True)
class Download:
    """A folder of files in the cache; `lock` names each file, its size in bytes and its SHA-256."""

    title: str
    folder: Path
    lock: dict[str, tuple[int, str]]
    fetch: Sequence[str]
    """The command that fetches it, given a Maven repository to use as a cache and the folder to
    fill. When it fails, its last line says why."""

    def ensure(self, progress: Progress = silent, stopping: Callable[[], bool] = never) -> Path:
        """The folder, complete and checked; fetched when it is missing or corrupt.

        Raises:
            Problem: it could not be fetched.
            Stopping: `stopping` said so meanwhile.
        """
        if not self.wrong():
            return self.folder
        with _locked(self.folder.parent, stopping) as lock:
            wrong = self.wrong()
            if wrong:
                self._fetch(progress, stopping, wrong if self.folder.exists() else None, lock)
        return self.folder

    def wrong(self) -> str | None:
        """The first file that is missing or not what the lock says; None when all is well."""
        for name, (size, digest) in self.lock.items():
            path = self.folder / name
            try:
                if path.stat().st_size != size or sha256(path) != digest:
                    return name
            except OSError:
                return name
        return None

    def _fetch(
        self, progress: Progress, stopping: Callable[[], bool], corrupt: str | None, lock: int
    ) -> None:
        repository = self.folder.with_name(f"{self.folder.name}.maven")
        draft = self.folder.with_name(f"{self.folder.name}.draft")
        title = f"{self.title} again ({corrupt} was corrupt)" if corrupt else self.title
        total = sum(size for size, _ in self.lock.values())
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        try:
            code, told = run(
                [*self.fetch, repository, draft],
                stopping=stopping,
                meanwhile=lambda: progress(title, min(_size(repository), total), total),
                cwd=PROJECT,
                pass_fds=[lock],  # so that the lock outlives us when we are killed
            )
        except Stopping:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        finally:
            shutil.rmtree(repository, ignore_errors=True)
        if code != 0:
            shutil.rmtree(draft, ignore_errors=True)
            again = " The cached copy is corrupt and was left as it is." if corrupt else ""
            raise Problem(
                f"{self.title} could not be fetched ({last_line(told)}): connect to the network"
                f" and run the command again.{again}"
            )
        complete = Download(self.title, draft, self.lock, self.fetch)
        if name := complete.wrong():
            shutil.rmtree(draft)
            raise Problem(
                f"{self.title}: {name} is not the file that was published (checksum differs): "
                "run the command again, and check the network's proxy if it stays so."
            )
        shutil.rmtree(self.folder, ignore_errors=True)
        draft.replace(self.folder)
        progress(title, total, total)


def read_lock(name: str) -> dict[str, tuple[int, str]]:
    """The committed lock `locks/<name>.json`: file name to size in bytes and SHA-256."""
    content = json.loads((LOCKS / f"{name}.json").read_text())
    return {file: (entry["size"], entry["sha256"]) for file, entry in content.items()}


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _size(folder: Path) -> int:
    size = 0
    for path in (*folder.rglob("*.jar*"), *folder.rglob("*.zip*")):
        with contextlib.suppress(OSError):
            size += path.stat().st_size
    return size


@contextlib.contextmanager
def _locked(folder: Path, stopping: Callable[[], bool]) -> Iterator[int]:
    """One process at a time fetches into the cache; the lock goes away with its process."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "lock").open("w")
    except OSError as error:
        raise Problem(
            f"The cache folder {folder} cannot be written ({error.strerror}): "
            "set STEPWELL_CACHE to a folder that can."
        ) from None
    with file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if stopping():
                    raise Stopping from None
                time.sleep(POLL_SECONDS)
        yield file.fileno()
