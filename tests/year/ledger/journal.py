"""Events as they stand in the journals of the four services."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
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

    def order(self) -> tuple[Any, ...]:
        return self.at, self.key, self.stream, self.sequence

    @property
    def client(self) -> str:
        return str(self.data["client_id"])


class Journal:
    """All events up to an instant."""

    def __init__(self, rows: Iterable[dict[str, Any]]) -> None:
        events = sorted(
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
            key=Event.order,
        )
        zones = {
            event.data["site_id"]: ZoneInfo(event.data["time_zone"])
            for event in events
            if event.name == "SiteOpened"
        }
        self._hold(events, zones)

    def _hold(self, events: list[Event], zones: dict[str, ZoneInfo]) -> None:
        self.events, self.zones = events, zones

    def about(self, records: frozenset[str], until: datetime) -> "Journal":
        """What was told of a person up to an instant."""
        part = Journal.__new__(Journal)
        mine = (event for record in records for event in self._by_client.get(record, ()))
        told = sorted((e for e in mine if e.at <= until), key=Event.order)
        part._hold(told, self.zones)
        return part

    @cached_property
    def _by_client(self) -> dict[str, list[Event]]:
        found: dict[str, list[Event]] = {}
        for event in self.events:
            found.setdefault(event.data.get("client_id", ""), []).append(event)
        return found

    def named(self, *names: str) -> Iterator[Event]:
        """Events of these names, in the order in which they happened to each client."""
        return (event for event in self.events if event.name in names)

    def until(self, instant: datetime) -> Iterator[Event]:
        return (event for event in self.events if event.at <= instant)
