"""Fixtures for all tests; the servers start with the first test that needs them."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared import clock
from stepwell.runtime.disposable import Stack, free_ports
from stepwell.runtime.keys import Issuer
from tests.support.system import System, serve_issuer

MONDAY = datetime(2026, 2, 23, 14, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The real PostgreSQL and the real Kafka, once a run."""
    started = Stack.start(tmp_path_factory.mktemp("stack"))
    yield started
    started.stop()


@pytest.fixture
def test_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A test clock that shows Monday, 23 February 2026, 14:00 UTC."""
    path = tmp_path / "clock"
    clock.write(path, MONDAY)
    monkeypatch.setenv("STEPWELL_ENVIRONMENT", "local")
    monkeypatch.setenv(clock.CLOCK_FILE, str(path))
    clock.forget()
    yield path
    monkeypatch.undo()
    clock.forget()


@pytest.fixture
async def system(stack: Stack, test_clock: Path, tmp_path: Path) -> AsyncIterator[System]:
    """Services on the real servers; none runs until a test starts it."""
    (port,) = free_ports(1)
    issuer = Issuer(f"http://127.0.0.1:{port}", tmp_path / "issuer-key.json")
    server, task = await serve_issuer(issuer, port)
    created = await System.create(stack, issuer, test_clock)
    async with created.exits:
        yield created
    server.should_exit = True
    await task
