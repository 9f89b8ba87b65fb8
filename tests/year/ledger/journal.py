"""Events as they stand in the journals of the four services."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

DERIVED = frozenset({"engagement"})


@dataclass(frozen=True)
class Event:
    """One row of a journal."""

    stream: str
    key: str
    sequence: int
    name: str
    at: datetime
    data: dict[str, Any]

    def instant(self, field: str) -> datetime:
        return datetime.fromisoformat(self.data[field])

    @property
    def client(self) -> str:
        return str(self.data["client_id"])


class Journal:
    """All events up to an instant."""

    def __init__(self, rows: Iterable[dict[str, Any]]) -> None:
        self.events = sorted(
            (
                Event(
                    row["stream"],
                    row["key"],
                    row["sequence"],
                    row["type"].split(".")[-2],
                    row["occurred_at"],
                    json.loads(row["payload"]),
                )
                for row in rows
                if row["stream"] not in DERIVED
            ),
            key=lambda event: (event.at, event.key, event.stream, event.sequence),
        )
        self.zones = {
            event.data["site_id"]: ZoneInfo(event.data["time_zone"])
            for event in self.named("SiteOpened")
        }

    def named(self, *names: str) -> Iterator[Event]:
        """Events of these names, in the order in which they happened to each client."""
        return (event for event in self.events if event.name in names)

    def until(self, instant: datetime) -> Iterator[Event]:
        return (event for event in self.events if event.at <= instant)
