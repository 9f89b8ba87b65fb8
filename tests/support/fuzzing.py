"""schemathesis against a running service: requests made from its OpenAPI document."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.system import System

ROOT = Path(__file__).parents[2]
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "negative_data_rejection",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
    "ignored_auth",
)
CONFIGURED = """
# A missing If-Match is answered with 428, as RFC 6585 has it; schemathesis does not expect that.
[checks.missing_required_header]
expected-statuses = ["400", "401", "403", "415", "422", "428"]
"""


@dataclass(frozen=True)
class Answer:
    """What was answered to one request."""

    operation: str
    phase: str
    status: int
    trace: str


@dataclass
class Fuzzing:
    """What schemathesis is told of a service: who calls each operation, and ids of rows."""

    system: System
    service: str
    directory: Path
    callers: dict[str, list[str]]
    ids: dict[str, list[tuple[str, str | None]]]
    values: dict[str, str]
    answers: list[Answer] = field(default_factory=list)

    async def run(self, *options: str) -> tuple[int, str]:
        """Exit code, and what it said."""
        told = self.directory / "fuzzed.json"
        answers = self.directory / "answers.txt"
        told.write_text(
            json.dumps(
                {
                    "callers": self.callers,
                    "ids": self.ids,
                    "values": self.values,
                    "answers": str(answers),
                }
            )
        )
        (self.directory / "schemathesis.toml").write_text(CONFIGURED)
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "run"),
            f"http://127.0.0.1:{self.system.ports[self.service]}/openapi.json",
            *("--checks", ",".join(CHECKS), "--no-color"),
            *("--seed", "1", "--generation-deterministic"),
            *options,
            cwd=self.directory,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "SCHEMATHESIS_HOOKS": "tests.support.fuzzing_hooks",
                "FUZZED": str(told),
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await child.communicate()
        assert child.returncode is not None
        Path("/tmp/fuzz.out").write_text(output.decode())
        assert answers.exists(), output.decode()[-3000:]
        for line in answers.read_text().splitlines():
            operation, phase, status, trace = line.split()
            self.answers.append(Answer(operation, phase, int(status), trace))
        return child.returncode, output.decode()
