"""A whole system started by the real command, and what can be asked of it afterwards."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from stepwell.runtime.keys import ALL_SITES, Issuer
from stepwell.runtime.state import PROJECT, State, read_json

Found = dict[str, Any]


@dataclass
class Installed:
    """A state folder and ports of its own; spans go to a file, no trace viewer runs."""

    folder: Path
    base: int
    text: str = ""
    """What `up` printed until it was ready."""
    process: subprocess.Popen[str] | None = field(default=None, repr=False)
    story: bool = True
    """Whether it tells its story when it is up."""

    @property
    def state(self) -> State:
        return State(self.folder)

    @property
    def spans_file(self) -> Path:
        return self.folder / "spans.jsonl"

    def variables(self) -> dict[str, str]:
        return {
            **os.environ,
            "STEPWELL_STATE": str(self.folder),
            "STEPWELL_PORT_BASE": str(self.base),
            "STEPWELL_SPANS_FILE": str(self.spans_file),
            "STEPWELL_STORY": "on" if self.story else "off",
            "TRACES": "off",
            "COLUMNS": "120",
        }

    def up(self) -> None:
        """Start it and wait until it is ready, which is after its story if it tells one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "stepwell.main", "up"],
            cwd=PROJECT,
            env=self.variables(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.text += line
            if line.strip() == "Stepwell is ready":
                return
        raise AssertionError(self.text)

    def down(self) -> int:
        """Stop it as Ctrl-C does; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=60)
        return self.process.returncode

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another command against it."""
        return subprocess.run(
            [sys.executable, "-m", "stepwell.main", *arguments],
            cwd=PROJECT,
            env=self.variables(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def kill(self, name: str) -> None:
        """End one of its processes as a crash would; the command starts it again."""
        known: list[Found] = read_json(self.state.processes)
        (pid,) = (one["pid"] for one in known if one["name"] == name)
        os.kill(pid, signal.SIGKILL)

    @cached_property
    def environment(self) -> dict[str, str]:
        stored: dict[str, str] = read_json(self.state.environment)
        return stored

    @cached_property
    def _issuer(self) -> Issuer:
        return Issuer(self.environment["OIDC_ISSUER"], self.state.issuer_key)

    def get(
        self,
        service: str,
        path: str,
        *,
        role: str = "counselor",
        subject: str | None = None,
        **params: Any,
    ) -> Any:
        """What a service answers to a role at all sites."""
        url = self.environment[f"STEPWELL_URL_{service.upper()}"]
        token = self._issuer.token(role, [ALL_SITES], subject=subject)
        answer = httpx.get(
            f"{url}{path}", params=params, headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, service: str, path: str, body: Found, *, role: str) -> Any:
        """What a service made for a role at all sites."""
        url = self.environment[f"STEPWELL_URL_{service.upper()}"]
        token = self._issuer.token(role, [ALL_SITES])
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}
        answer = httpx.post(f"{url}{path}", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def items(self, service: str, path: str, *, role: str = "counselor", **params: Any) -> Any:
        """All items of a list."""
        found: list[Any] = []
        while True:
            page = self.get(service, path, role=role, limit=200, **params)
            found += page["items"]
            if page["next"] is None:
                return found
            params["cursor"] = page["next"]

    def clients(self) -> dict[str, Found]:
        """All clients by their label."""
        return {client["given_name"]: client for client in self.items("intake", "/clients")}

    def events(self, stream: str, key: str) -> list[Found]:
        """What was published about a client on a stream, from the publisher's journal."""
        publisher = "intake" if stream == "contacts" else stream
        found: list[Found] = self.get(
            publisher,
            "/events",
            role="service",
            subject="notifications",
            topic=stream,
            key=key,
            limit=500,
        )["items"]
        return found

    def spans(self) -> list[Found]:
        """All spans that the processes have exported so far."""
        return [json.loads(line) for line in self.spans_file.read_text().splitlines()]


def name_of(event: Found) -> str:
    """The name of an event, such as ClientEnrolled."""
    return str(event["type"]).split(".")[-2]


def trace_id(traceparent: str) -> str:
    """The trace that a W3C header names."""
    return traceparent.split("-")[1]
