"""Class data sharing: a Java program starts in about half the time from prepared classes.

The Java of the wheel comes without an archive of its own classes, so one is made once (half a
second). A program's own archive is written when it first ends, and used from the next start on.
The JVM checks an archive before it uses it and goes on without when something is wrong.
"""

import contextlib
import hashlib
import os
import subprocess
from pathlib import Path

import psutil

from stepwell.runtime import jars
from stepwell.runtime.state import cache_folder

GARBAGE_COLLECTOR = "-XX:+UseSerialGC"
QUIET = ("-Xlog:disable", "-Xlog:all=error:stderr")


def arguments(folder: Path) -> list[str]:
    """The JVM arguments for the program whose jars are in `folder`; none when it cannot be done."""
    try:
        base = _base()
        own = folder / base.name
        _adopt(own)
        if own.exists():
            return [*QUIET, f"-XX:SharedArchiveFile={own}"]
        draft = own.with_suffix(f".draft-{os.getpid()}")
        return [*QUIET, f"-XX:SharedArchiveFile={base}", f"-XX:ArchiveClassesAtExit={draft}"]
    except (OSError, subprocess.SubprocessError):
        return []


def _base() -> Path:
    """The archive of Java's own classes, named for the very installation that wrote it."""
    java = jars.java()
    stamp = hashlib.sha256(f"{java} {java.stat().st_mtime_ns}".encode()).hexdigest()[:12]
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
    return archive


def _adopt(own: Path) -> None:
    """Take over what a program wrote at its end, when the runtime that started it is gone."""
    for draft in own.parent.glob(f"{own.stem}.draft-*"):
        with contextlib.suppress(OSError):
            if not psutil.pid_exists(int(draft.suffix.rpartition("-")[2])):
                draft.replace(own)
