"""The one source of instants.

In production it is the machine's clock in UTC. In the local runtime and the tests every process
maps the same file, which holds a frozen instant that only an operator moves; so three weeks of
reminders and sessions happen in seconds and in order. Nothing else in the platform reads a clock
for a domain fact.
"""

import mmap
import os
import struct
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

CLOCK_FILE = "STEPWELL_CLOCK_FILE"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INSTANT = struct.Struct("<q")


class ClockRefused(RuntimeError):
    """A test clock was asked for outside the local runtime."""


@cache
def _test_clock() -> mmap.mmap | None:
    path = os.environ.get(CLOCK_FILE)
    if not path:
        return None
    if os.environ.get("STEPWELL_ENVIRONMENT", "production") != "local":
        raise ClockRefused(f"{CLOCK_FILE} works in the local runtime only: unset it.")
    with Path(path).open("rb") as file:
        return mmap.mmap(file.fileno(), INSTANT.size, access=mmap.ACCESS_READ)


def now() -> datetime:
    """The present instant, aware, in UTC."""
    mapped = _test_clock()
    if mapped is None:
        return datetime.now(UTC)
    (microseconds,) = INSTANT.unpack_from(mapped)
    return EPOCH + timedelta(microseconds=microseconds)


def is_test_clock() -> bool:
    """Whether instants come from the shared test clock."""
    return _test_clock() is not None


def forget() -> None:
    """Read the settings of the clock again; for tests that change them."""
    _test_clock.cache_clear()


def write(path: Path, instant: datetime) -> None:
    """Set the test clock in `path` to `instant`, creating the file when there is none.

    The eight bytes are replaced at once, so that no process sees half an instant.
    """
    packed = INSTANT.pack((instant - EPOCH) // timedelta(microseconds=1))
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        os.pwrite(handle, packed, 0)
    finally:
        os.close(handle)


def read(path: Path) -> datetime:
    """The instant that the test clock in `path` shows."""
    (microseconds,) = INSTANT.unpack(path.read_bytes()[: INSTANT.size])
    return EPOCH + timedelta(microseconds=microseconds)
