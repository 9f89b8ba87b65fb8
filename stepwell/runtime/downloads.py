"""Downloads: jars from Maven coordinates, each checked against a committed checksum."""

import contextlib
import fcntl
import hashlib
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from stepwell.runtime.problem import Problem

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
    fetch: Callable[[Path, Path], None]
    """Called with the Maven repository to use as a cache and the folder to fill."""

    def ensure(self, progress: Progress = silent) -> Path:
        """The folder, complete and checked; fetched when it is missing or corrupt.

        Raises:
            Problem: it could not be fetched.
        """
        if not self.wrong():
            return self.folder
        with _locked(self.folder.parent):
            wrong = self.wrong()
            if wrong:
                self._fetch(progress, wrong if self.folder.exists() else None)
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

    def _fetch(self, progress: Progress, corrupt: str | None) -> None:
        repository = self.folder.parent / "maven"
        draft = self.folder.with_name(f"{self.folder.name}.draft")
        title = f"{self.title} again ({corrupt} was corrupt)" if corrupt else self.title
        total = sum(size for size, _ in self.lock.values())
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        done = threading.Event()
        watcher = threading.Thread(
            target=_watch, args=(repository, title, total, progress, done), daemon=True
        )
        watcher.start()
        try:
            self.fetch(repository, draft)
        except Exception as error:
            shutil.rmtree(draft, ignore_errors=True)
            again = " The cached copy is corrupt and was left as it is." if corrupt else ""
            raise Problem(
                f"{self.title} could not be fetched ({_reason(error)}): connect to the network"
                f" and run the command again.{again}"
            ) from None
        finally:
            done.set()
            watcher.join()
            shutil.rmtree(repository, ignore_errors=True)
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


def _watch(folder: Path, title: str, total: int, progress: Progress, done: threading.Event) -> None:
    while not done.wait(0.2):
        size = 0
        for path in folder.rglob("*.jar*"):
            with contextlib.suppress(OSError):
                size += path.stat().st_size
        progress(title, min(size, total), total)


def _reason(error: Exception) -> str:
    name = type(error).__name__
    if "Connection" in name or "Timeout" in name or "Proxy" in name or "SSL" in name:
        return f"no connection to the Maven repository: {name}"
    text = str(error).strip().splitlines()
    return (text[0][:160] if text else name).rstrip(".")


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
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
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
