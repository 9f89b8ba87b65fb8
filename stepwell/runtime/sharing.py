"""Class data sharing: a Java program starts in about half the time from prepared classes.

The Java of the wheel comes without an archive of its own classes, so one is made once (half a
second). A program's own archive is written when it first ends, and used from the next start on.
The JVM checks an archive before it uses it and goes on without when something is wrong. Archives
that were written by a Java that is gone are deleted when those of another one are made.
"""

import contextlib
import hashlib
import os
import subprocess
import threading
from pathlib import Path

import psutil

from stepwell.runtime import jars
from stepwell.runtime.state import cache_folder

GARBAGE_COLLECTOR = "-XX:+UseSerialGC"
_making = threading.Lock()
"""Two programs start at once, and the first of them makes what both need."""
QUIET = ("-Xlog:disable", "-Xlog:all=error:stderr")


def arguments(folder: Path) -> list[str]:
    """The JVM arguments for the program whose jars are in `folder`; none when it cannot be done."""
    try:
        with _making:
            base = _base()
        own = folder / base.name
        _adopt(own)
        if own.exists():
            return [*QUIET, f"-XX:SharedArchiveFile={own}"]
        _keep_only(own)
        draft = own.with_suffix(f".draft-{os.getpid()}")
        return [*QUIET, f"-XX:SharedArchiveFile={base}", f"-XX:ArchiveClassesAtExit={draft}"]
    except (OSError, subprocess.SubprocessError):
        return []


def _base() -> Path:
    """The archive of Java's own classes, named for its very files, wherever they are installed."""
    java = jars.java()
    modules = (java.parent.parent / "lib" / "modules").stat()
    stamp = hashlib.sha256(f"{modules.st_size} {modules.st_mtime_ns}".encode()).hexdigest()[:12]
    archive = cache_folder() / f"java-{stamp}.jsa"
    if not archive.exists():
        draft = archive.with_suffix(f".draft-{os.getpid()}")
        subprocess.run(  # noqa: S603 - our own command, never through a shell
            [str(java), GARBAGE_COLLECTOR, "-Xshare:dump", f"-XX:SharedArchiveFile={draft}"],
            env={**os.environ, **jars.LOCALE},
            check=True,
            capture_output=True,
            timeout=60,
        )
        draft.replace(archive)
        _keep_only(archive)
    return archive


def _adopt(own: Path) -> None:
    """Take over what a program wrote at its end, when the runtime that started it is gone."""
    for draft in own.parent.glob(f"{own.stem}.draft-*"):
        if not _being_written(draft):
            with contextlib.suppress(OSError):
                draft.replace(own)


def _keep_only(archive: Path) -> None:
    """Delete what other installations of Java left beside this archive. Whoever runs from it goes
    on; whoever still uses such an installation makes it again."""
    for other in archive.parent.glob("java-*"):
        if other.stem != archive.stem and not _being_written(other):
            with contextlib.suppress(OSError):
                other.unlink()


def _being_written(draft: Path) -> bool:
    """Whether it is a draft, and the runtime that started its program lives."""
    kind, _, pid = draft.suffix.rpartition("-")
    return kind == ".draft" and pid.isdecimal() and psutil.pid_exists(int(pid))
