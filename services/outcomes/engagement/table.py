"""The table of windows: what it remembers is merged when it is recovered, never replaced."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from itertools import chain
from typing import Any, cast
from uuid import UUID

import faust
import orjson
from faust.types import EventT

from services.outcomes.engagement.app import Fetched
from services.outcomes.engagement.rules.window import (
    MICROSECOND,
    UNCOUNTED,
    ZERO,
    Session,
    Window,
    merged,
    packed,
    seat,
)

OUTCOMES = ("uncounted", "attended", "missed", "excused")
"""As JSON named them, in the order of their numbers."""


class Windows(faust.Table[bytes, Any]):
    """A client's window by the key of the changelog, which may be read in any order.

    A worker that was cut off and comes to itself again may write an older state after the newer
    one of its successor, and a worker that keeps a partition reads its own changelog again while
    its latest writes are still under way. Merging makes both harmless. The stream writes the
    changelog itself, many records at once, so that Faust's own way of doing so is not used.
    """

    @property
    def known(self) -> dict[bytes, Window]:
        """The windows in memory."""
        return cast(dict[bytes, Window], cast(Any, self.data).data)

    def apply_changelog_batch(self, batch: Iterable[EventT[Fetched]]) -> None:
        """Take over states that were read from the changelog."""
        known = self.known
        for record in chain.from_iterable(event.value for event in batch):
            if record.value is not None:
                read = window_of(record.value)
                before = known.get(record.key)
                known[record.key] = merged(before, read) if before else read


def key_of(client_id: str) -> bytes:
    """The key of a client's window: JSON, as in the releases before, so that what is written now
    takes the place of what they wrote when the broker compacts the topic."""
    return b'"%b"' % client_id.encode()


def window_of(value: bytes) -> Window:
    """A state as it was kept; until version 0.1 it was JSON."""
    return from_json(orjson.loads(value)) if value[:1] == b"{" else value


def from_json(told: Mapping[str, Any]) -> Window:
    """A state of a former release. What it did not know yet is missing: the stay and zone of a
    session, and the latest day."""
    sessions = []
    for session, state in told["sessions"].items():
        stay = state.get("stay")
        sessions.append(
            Session(
                (datetime.fromisoformat(state["starts_at"]) - ZERO) // MICROSECOND,
                UUID(session).bytes,
                state["sequence"],
                date.fromisoformat(state["local_date"]).toordinal(),
                seat(state.get("time_zone", "UTC"), stay and UUID(stay).bytes, None),
                OUTCOMES.index(state["outcome"]),
                state["scheduled"],
                state["attended"],
                0,
            )
        )
    if "latest" in told:
        day = told["latest"]
        latest = date.fromisoformat(day).toordinal() if day else 0
    else:
        latest = max((one.day for one in sessions if one.outcome != UNCOUNTED), default=0)
    return packed(UUID(told["site_id"]).bytes, told["sequence"], latest, sessions)
