"""Tools that others use take our contracts without an error or a warning."""

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.scheduling.calendars.policy import feed_policy
from services.scheduling.calendars.rules import Entry, Feed, render
from shared.settings import SERVICES
from stepwell.contracts.files import FOLDER
from tests.support.apis import APPS
from tests.support.tools import NODE, SideBySide, node_tools, run, script

Started = dict[str, Future[Any]]
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The OpenAPI document of each service, as a file."""
    folder = tmp_path_factory.mktemp("documents")
    for name, app in APPS.items():
        (folder / f"{name}.json").write_text(json.dumps(app.openapi(), indent=1))
    return {name: folder / f"{name}.json" for name in SERVICES}


@pytest.fixture(scope="module")
def side_by_side() -> Iterator[SideBySide]:
    made = SideBySide()
    yield made
    made.close()


@pytest.fixture(scope="module")
def of_node(
    documents: dict[str, Path], side_by_side: SideBySide, tmp_path_factory: pytest.TempPathFactory
) -> Started:
    """All tools of Node, started at once on all documents."""
    tools, clients = node_tools(), tmp_path_factory.mktemp("clients")
    return {
        name: side_by_side.start(work, tools, list(documents.values()), clients)
        for name, work in (("typescript", typescript), ("spectral", spectral), ("redocly", redocly))
    } | {"asyncapi": side_by_side.start(asyncapi, tools, FOLDER / "asyncapi.yaml")}


def redocly(tools: Path, documents: list[Path], _: Path) -> list[str]:
    """What the recommended rules of Redocly find; it prints one JSON document a file."""
    told = run(
        *(bin_of(tools) / "redocly", "lint", "--config", NODE / "redocly.yaml"),
        *("--format", "json", *documents),
        folder=tools,
    )
    found, at = [], told.find("{")
    while at >= 0:
        part, length = json.JSONDecoder().raw_decode(told[at:])
        found += [f"{one['ruleId']}: {one['message']}" for one in part["problems"]]
        assert part["totals"]["ignored"] == 0
        at = told.find("{", at + length)
    return found


def spectral(tools: Path, documents: list[Path], _: Path) -> list[dict[str, Any]]:
    """What the recommended rules of Spectral find."""
    told = run(
        *(bin_of(tools) / "spectral", "lint", "--ruleset", NODE / "spectral.yaml"),
        *("--quiet", "--format", "json", "--fail-severity", "error", *documents),
        folder=tools,
    )
    found: list[dict[str, Any]] = json.loads(told[told.index("[") : told.rindex("]") + 1])
    return found


def asyncapi(tools: Path, document: Path) -> list[str]:
    return run("node", tools / "asyncapi.cjs", document, folder=tools).splitlines()


def typescript(tools: Path, documents: list[Path], clients: Path) -> list[Path]:
    """The files of a client of each service, after a strict compiler took them all."""
    for document in documents:
        run(
            *(bin_of(tools) / "openapi-ts", "-i", document, "-o", clients / document.stem),
            *("-c", "@hey-api/client-fetch"),
            folder=tools,
        )
    shutil.copy(NODE / "tsconfig.json", clients)
    run(bin_of(tools) / "tsc", "--project", clients, folder=clients)
    return list(clients.glob("*/*.ts"))


def bin_of(tools: Path) -> Path:
    return tools / "node_modules" / ".bin"


OF_GENERATOR = """
post_hooks: []
content_type_overrides:
  image/svg+xml: application/octet-stream
  image/png: application/octet-stream
"""
"""Pictures are read as bytes, which the generator has to be told."""


@pytest.fixture(scope="module")
def python_clients(
    documents: dict[str, Path], side_by_side: SideBySide, tmp_path_factory: pytest.TempPathFactory
) -> Started:
    """A Python client of each service, made at once."""
    folder = tmp_path_factory.mktemp("python")
    (folder / "config.yaml").write_text(OF_GENERATOR)
    return {
        name: side_by_side.start(python_client, document, folder)
        for name, document in documents.items()
    }


def python_client(document: Path, folder: Path) -> Path:
    client = folder / f"{document.stem}_client"
    run(
        *(script("openapi-python-client"), "generate", "--path", document, "--meta", "none"),
        *("--config", folder / "config.yaml", "--output-path", client, "--fail-on-warning"),
        folder=folder,
    )
    return client


def test_redocly_finds_nothing_by_its_recommended_rules(of_node: Started) -> None:
    assert of_node["redocly"].result() == []


def test_spectral_finds_nothing_by_its_recommended_rules(of_node: Started) -> None:
    assert of_node["spectral"].result() == []


def test_the_parser_of_asyncapi_finds_nothing(of_node: Started) -> None:
    assert of_node["asyncapi"].result() == []


def test_a_generated_typescript_client_compiles_strictly(of_node: Started) -> None:
    made = of_node["typescript"].result()
    for name in SERVICES:
        sdk = next(file for file in made if file.match(f"{name}/sdk.gen.ts")).read_text()
        for path in APPS[name].openapi()["paths"]:
            assert f"url: '{path}'" in sdk


def test_icaljs_reads_what_a_calendar_says(tmp_path: Path) -> None:
    starts = datetime(2026, 3, 3, 0, 30, tzinfo=UTC)
    entry = Entry(UUID(int=1), UUID(int=2), "group", starts, starts + HOUR, 1, False, "Blue room")
    gone = replace(entry, session_id=UUID(int=3), starts_at=starts + HOUR, cancelled=True)
    gone = replace(gone, ends_at=starts + 2 * HOUR, sequence=4)
    file = tmp_path / "calendar.ics"
    file.write_bytes(render(Feed("client", "es", starts, (entry, gone)), feed_policy()))
    tools = node_tools()
    first, second = json.loads(run("node", tools / "calendar.cjs", file, folder=tools))
    assert first.pop("uid") != second.pop("uid")
    assert first == {
        "starts": "2026-03-03T00:30:00.000Z",
        "ends": "2026-03-03T01:30:00.000Z",
        "sequence": 1,
        "summary": "Cita",
        "status": "CONFIRMED",
        "recurring": False,
    }
    assert (second["status"], second["sequence"]) == ("CANCELLED", 4)


@pytest.mark.parametrize("name", SERVICES)
def test_a_generated_python_client_drops_no_operation_and_no_model(
    python_clients: Started, name: str
) -> None:
    """Any warning fails the generator; beyond that, what is there is counted."""
    client: Path = python_clients[name].result()
    document = APPS[name].openapi()
    operations = [o["operationId"] for path in document["paths"].values() for o in path.values()]
    assert sorted(file.stem for file in client.glob("api/*/[a-z]*.py")) == sorted(operations)
    exported = (client / "models" / "__init__.py").read_text()
    shown = {n for n, schema in document["components"]["schemas"].items() if "properties" in schema}
    assert [model for model in shown if f'"{model}",' not in exported] == []
