"""Log lines in tests: kept quiet, read as they are written, or awaited from a process."""

import asyncio
import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import pytest
import structlog

from shared.settings import Settings
from shared.telemetry import logs
from stepwell.runtime.processes import Child


def quiet() -> None:
    """Log lines go nowhere: drawing a traceback for people takes longer than most tests."""
    structlog.configure(
        processors=[structlog.processors.KeyValueRenderer()],
        logger_factory=structlog.PrintLoggerFactory(io.StringIO()),
    )


@contextmanager
def captured(monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> Iterator[io.StringIO]:
    """What the process writes, whichever library writes it; everything is as before afterwards.

    `modules` have a logger of their own, `log`, that was made before.
    """
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    names = (*logs.QUIET, "aiokafka.conn")
    levels = {name: logging.getLogger(name).level for name in names}
    logs.setup("intake", Settings.model_construct(service="intake"))
    for module in modules:
        monkeypatch.setattr(module, "log", structlog.get_logger())
    try:
        yield stream
    finally:
        logging.captureWarnings(False)
        root.handlers[:], root.level = before
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        quiet()


async def logged(event: str | tuple[str, ...], *children: Child, within: float = 60.0) -> Child:
    """The first of `children` whose log has one of the events. A file tells nobody that it grew."""
    wanted = [f'"event":"{name}"' for name in ((event,) if isinstance(event, str) else event)]
    async with asyncio.timeout(within):
        while True:
            for child in children:
                told = child.log.read_text()
                if any(line in told for line in wanted):
                    return child
            await asyncio.sleep(0.05)
