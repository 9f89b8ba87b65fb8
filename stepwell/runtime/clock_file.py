"""The shared test clock of the local system: a file of one instant, frozen until it is moved."""

from datetime import UTC, datetime
from pathlib import Path

from shared import clock

START = datetime(2026, 2, 23, 13, 0, tzinfo=UTC)
"""Where the clock of a new local system stands: a Monday morning in the region."""


def create(path: Path, instant: datetime = START) -> None:
    """Make the file unless there is one; an existing clock goes on from where it stands."""
    if not path.exists() or path.stat().st_size < clock.INSTANT.size:
        clock.write(path, instant)


def read(path: Path) -> datetime:
    """The instant the clock shows, in UTC."""
    return clock.read(path)


def write(path: Path, instant: datetime) -> None:
    """Set the clock; every process sees it at once."""
    clock.write(path, instant)
