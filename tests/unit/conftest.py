"""Fixtures for tests that need no server."""

import io
from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def plain_logs() -> Iterator[None]:
    """Log lines go nowhere: drawing a traceback for people takes longer than most tests."""
    structlog.configure(
        processors=[structlog.processors.KeyValueRenderer()],
        logger_factory=structlog.PrintLoggerFactory(io.StringIO()),
    )
    yield
    structlog.reset_defaults()
