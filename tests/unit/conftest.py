"""Fixtures for tests that need no server."""

import gc
import io
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

settings.register_profile("unit", max_examples=40)
settings.load_profile("unit")


@pytest.fixture(autouse=True)
def plain_logs() -> Iterator[None]:
    """Log lines go nowhere: drawing a traceback for people takes longer than most tests."""
    structlog.configure(
        processors=[structlog.processors.KeyValueRenderer()],
        logger_factory=structlog.PrintLoggerFactory(io.StringIO()),
    )
    yield
    structlog.reset_defaults()


def pytest_collection_finish() -> None:
    """What was imported stays: looking through all of it again and again takes a tenth of the
    time."""
    gc.freeze()
