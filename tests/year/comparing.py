"""How what was answered is gone through and held against what was computed."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from tests.year.computed import Computed
from tests.year.figures import OfClient

Differences = list[tuple[Any, ...]]


def instant(text: str | None) -> datetime | None:
    """An instant as it is answered."""
    return None if text is None else datetime.fromisoformat(text)


def clients(year: list[Computed]) -> Iterator[tuple[Computed, OfClient, tuple[date, str]]]:
    """Every client at every checkpoint, with what to call them in a difference."""
    for computed in year:
        for client in computed.taken.clients:
            yield computed, client, (computed.now.date(), client.id)
