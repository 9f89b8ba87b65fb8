"""Fixtures for all tests; the servers start with the first test that needs them."""

from collections.abc import Iterator

import pytest

from stepwell.runtime.disposable import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The real PostgreSQL and the real Kafka, once a run."""
    started = Stack.start(tmp_path_factory.mktemp("stack"))
    yield started
    started.stop()
