"""`docker-compose.yml` started by Docker Compose, and what can be asked of it."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from shared.settings import SERVICES
from stepwell.runtime.disposable import free_ports
from stepwell.runtime.state import PROJECT
from tests.support.compose_engine import STOOD_IN, Engine

STORY = PROJECT / "deploy" / "compose" / "story.env"
PUBLISHED = (*SERVICES, "portal", "issuer", "keycloak", "mail", "zipkin")
OPERATOR = ("run", "--rm", "--no-deps", "-T", "operator")
"""A command for operators, to be continued by its name."""
MAKE = ("secrets", "/secrets")
Found = dict[str, Any]


class Compose:
    """A project of its own, with volumes, secrets and ports of its own."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._project = f"stepwell-test-{os.getpid()}"
        self.secrets = folder / "secrets"
        self.ports = dict(zip(PUBLISHED, free_ports(len(PUBLISHED)), strict=True))
        self._environment = {
            **engine.environment,
            "SECRETS_FOLDER": str(self.secrets),
            **{f"{name.upper()}_IMAGE": f"localhost/stand-in-{name}" for name in STOOD_IN},
            **{f"{name.upper()}_PORT": str(port) for name, port in self.ports.items()},
        }

    def make_secrets(self) -> None:
        """Write the secrets by the image, as the documentation says."""
        self.secrets.mkdir()
        self.run(*OPERATOR[:-1], f"--volume={self.secrets}:/secrets", "--user=0", "operator", *MAKE)

    def run(self, *arguments: str, within: float = 240.0, program: Path | None = None) -> str:
        """What `docker compose …` printed; the test fails when it fails or takes too long.

        `program` is another implementation of compose.
        """
        done = self._call(*arguments, within=within, program=program)
        if done.returncode:
            pytest.fail(
                f"docker compose {' '.join(arguments)}: {done.stdout[-3_000:]}{self.state()}"
            )
        return done.stdout

    def _call(
        self, *arguments: str, within: float, program: Path | None = None
    ) -> "subprocess.CompletedProcess[str]":
        compose = program or self._engine.compose
        return subprocess.run(
            [compose, "--project-name", self._project, "--env-file", STORY, *arguments],
            cwd=PROJECT,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=within,
            check=False,
        )

    def inspect(self, service: str) -> Found:
        """What podman knows of the container of a service."""
        found: list[Found] = json.loads(
            self._engine.run("podman", "container", "inspect", self.name(service))
        )
        return found[0]

    def name(self, service: str) -> str:
        return f"{self._project}-{service}-1"

    def logs(self, service: str) -> str:
        """All that the container of a service printed, its errors as well."""
        return self._engine.run(*("/bin/sh", "-c", 'podman logs "$0" 2>&1'), self.name(service))

    def state(self) -> str:
        """All containers of the project and how they are."""
        table = "{{.Names}} {{.Status}}"
        every = self._engine.run("podman", "ps", "--all", "--format", table)
        return "\n".join(line for line in every.splitlines() if line.startswith(self._project))

    def kill(self, service: str) -> None:
        """End the process of a service as a crash does, without the engine being asked."""
        os.kill(self.inspect(service)["State"]["Pid"], signal.SIGKILL)

    def wait(self, service: str, wanted: str, within: float = 120.0) -> Found:
        """Wait until a container is `healthy`, `exited` …; what podman knows of it then."""
        deadline = time.monotonic() + within
        while True:
            found = self.inspect(service)
            state = found["State"]
            if wanted in (state["Status"], state.get("Health", {}).get("Status")):
                return found
            if time.monotonic() > deadline:
                pytest.fail(f"{service} is not {wanted} after {within} s: {self.logs(service)}")
            time.sleep(0.3)

    def end(self) -> None:
        """Take everything away, volumes too, whatever state it is in."""
        self._call("--profile=*", "down", "--volumes", "--timeout=5", within=120)
