"""What libraries and the event loop log about an exception names its type and no more."""

import asyncio
import gc
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.logs import captured

SECRET = "client-01@example.test"

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """The JSON lines logged so far."""
    with captured(monkeypatch) as output:
        yield lambda: [json.loads(line) for line in output.getvalue().splitlines()]


async def fail() -> None:
    raise ValueError(SECRET)


async def test_a_task_that_nobody_waited_for_is_logged_without_its_message(lines: Lines) -> None:
    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    del task
    gc.collect()
    (line,) = lines()
    assert line["event"] == "Task exception was never retrieved"
    assert line["error"] == "ValueError"
    assert SECRET not in json.dumps(line)


async def test_a_failed_callback_is_logged_without_its_arguments(lines: Lines) -> None:
    asyncio.get_running_loop().call_soon(int, SECRET)
    await asyncio.sleep(0.01)
    (line,) = lines()
    assert line["event"].startswith("Exception in callback")
    assert line["error"] == "ValueError"
    assert SECRET not in json.dumps(line)


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        ("%s", (ValueError(SECRET),)),
        ("%r", (ValueError(SECRET),)),
        ("%(e)s", ({"e": OSError(SECRET)},)),
    ],
)
def test_an_exception_in_a_librarys_line_is_named_by_its_type(
    lines: Lines, message: str, arguments: tuple[Any, ...]
) -> None:
    logging.getLogger("aiokafka").error(f"Lost: {message}", *arguments)
    (line,) = lines()
    assert line["event"] in ("Lost: ValueError", "Lost: 'ValueError'", "Lost: OSError")


def test_other_arguments_stay_as_they_are(lines: Lines) -> None:
    logging.getLogger("aiokafka").error("Partition %d of %s", 3, "intake")
    (line,) = lines()
    assert line["event"] == "Partition 3 of intake"
    assert line["service"] == "intake"
