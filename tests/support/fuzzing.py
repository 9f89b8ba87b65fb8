"""schemathesis against a running service: requests made from its OpenAPI document."""

import asyncio
import json
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from shared.web.application import allowed_roles, api_routes
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
"""Every check of schemathesis but four.

positive_data_acceptance: what a schema allows may still be refused by the state of things, by a
rule between two fields, or because a version or a cursor is another one; most of these answers are
422 and 412. use_after_free: nothing is deleted. ensure_resource_availability: it is of the stateful
phase, which is not run, as rows that are there are asked for anyway.
object_level_authorization: it asks for a second caller in the configuration; who may see which site
has tests of its own.
"""
PHASES = (
    *("--phases", "examples,coverage,fuzzing"),
    *("--max-examples", "5"),
    *("--seed", "1", "--generation-deterministic", "--no-shrink"),
    *("--workers", "2", "--continue-on-failure", "--max-failures", "100"),
)
"""The same requests in each run, but for ids; the examples and the edges of each field, and some
that are made up. It takes about half a minute for 7,000 requests."""
WITHOUT_SITE = {"sites", "regions", "staff", "staff_leave", "partner_slots", "plan_runs"}
FAILED = re.compile(
    r'^stepwell_http_server_request_duration_seconds_count{.*status="5..".*} (.+)$', re.MULTILINE
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


def callers(system: System, service: str, site: object) -> dict[str, list[str]]:
    """Who may call each operation: by each role that it allows, of one site and of all sites."""
    return {
        str(route.operation_id): [
            f"Bearer {system.issuer.token(role, sites, subject=f'{role}-1', topics=[service])}"
            for role in sorted(map(str, allowed_roles(route)))
            for sites in ([str(site)], ["*"])
        ]
        for route in api_routes(system.apps[service])
    }


async def rows(
    system: System, service: str, tables: dict[str, str]
) -> dict[str, list[tuple[str, str | None]]]:
    """Some ids of each kind, each with its client; `tables` by the name of a parameter."""
    found = {}
    for name, table in tables.items():
        order = "id" if table in WITHOUT_SITE else "site_id, id"
        query = f"SELECT * FROM {table} ORDER BY {order} LIMIT 3"
        made = [dict(row) for row in await system.fetch(service, query)]
        assert made, table
        found[name] = [
            (str(row["id"]), str(row["client_id"]) if "client_id" in row else None) for row in made
        ]
    return found


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

    async def run(self, *options: str) -> str:
        """What schemathesis said; nothing is said where it found no failure.

        `options` take the place of `PHASES`, to look for more by hand.
        """
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
            *(options or PHASES),
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
        try:
            output, _ = await child.communicate()
        finally:
            if child.returncode is None:
                child.kill()
        for line in answers.read_text().splitlines():
            operation, phase, status, trace = line.split()
            self.answers.append(Answer(operation, phase, int(status), trace))
        return output.decode() if child.returncode else ""

    async def failures_measured(self) -> int:
        """Requests that the process answered with 5xx so far, as its own figures say."""
        text = (await self.system.client(self.service, "service").http.get("/metrics")).text
        return sum(int(float(n)) for n in FAILED.findall(text))

    async def traces_of_events(self) -> set[str]:
        """The traces of the requests that published something."""
        rows = await self.system.fetch(
            self.service,
            "SELECT traceparent FROM platform.journal"
            " UNION SELECT traceparent FROM platform.outbox",
        )
        return {row["traceparent"].split("-")[1] for row in rows if row["traceparent"]}
