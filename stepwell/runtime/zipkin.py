"""Zipkin, the trace viewer, with its spans in memory."""

import contextlib
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from stepwell.runtime import jars, sharing
from stepwell.runtime.processes import PLATFORM, Child, Processes, inherited
from stepwell.runtime.state import cache_folder

JVM = (
    *("-Xms32m", "-Xmx192m", "-Xss512k"),
    *(sharing.GARBAGE_COLLECTOR, "-XX:TieredStopAtLevel=1"),
)
MOST_SPANS = 100_000


class Zipkin:
    """The server and its pages on `port`."""

    name = "zipkin"

    def __init__(self, port: int, processes: Processes) -> None:
        self.port = port
        self._processes = processes

    @property
    def url(self) -> str:
        """Where people look at traces."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def endpoint(self) -> str:
        """Where spans are sent."""
        return f"{self.url}/api/v2/spans"

    def start(self) -> Child:
        """Start without waiting, giving way to all others: spans are kept until it takes them."""
        folder = unpacked()
        (jar,) = folder.glob("*.jar")
        return self._processes.start(
            self.name,
            [
                jars.java(),
                *JVM,
                *sharing.arguments(folder),
                "-jar",
                jar,
                "--armeria.ports[0].address=127.0.0.1",
                f"--armeria.ports[0].port={self.port}",
                "--armeria.ports[0].protocols[0]=http",
            ],
            environment=inherited(
                MEM_MAX_SPANS=str(MOST_SPANS), SELF_TRACING_ENABLED="false", **jars.LOCALE
            ),
            layer=PLATFORM,
            calm=True,
        )

    def wait(self, within: float = 60.0) -> None:
        """Wait until it takes spans, if it was started."""
        if (child := self._processes.get(self.name)) is not None:
            self._processes.wait(child, self._is_ready, within, port=self.port)

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=1) as answer:  # noqa: S310 - our own http address
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def unpacked() -> Path:
    """The folder of the server and its libraries as jars of their own, made once.

    As one jar that holds them, as it comes, Java can share no classes of them between starts.
    """
    (jar,) = jars.zipkin().folder.glob("*.jar")
    folder = cache_folder() / f"{jars.zipkin().folder.name}-unpacked"
    if not folder.exists():
        draft = folder.with_suffix(f".draft-{os.getpid()}")
        subprocess.run(  # noqa: S603 - our own command, never through a shell
            [jars.java(), "-Djarmode=tools", "-jar", jar, "extract", "--destination", draft],
            env=inherited(**jars.LOCALE),
            check=True,
            capture_output=True,
            timeout=60,
        )
        with contextlib.suppress(OSError):  # somebody else was sooner
            draft.replace(folder)
        shutil.rmtree(draft, ignore_errors=True)
    return folder
