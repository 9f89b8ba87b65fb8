"""The proof that nothing was missed: published against applied, for every stream and consumer.

Every key's events are numbered 1, 2, 3 … by the publisher, and a consumer's position never runs
ahead of that. So when the sums are equal, every event of every key had its effect.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.contracts.topics import BY_STREAM


@dataclass(frozen=True)
class Line:
    """One stream in one consumer."""

    stream: str
    consumer: str
    published: int
    applied: int
    keys_published: int
    keys_applied: int

    @property
    def complete(self) -> bool:
        return self.published == self.applied and self.keys_published == self.keys_applied


def prove(pending: Mapping[str, Any]) -> list[Line]:
    """The lines of the proof; `pending` maps each service to its answer of /operations/pending.

    Derived streams have no numbers of their own, the latest event wins; they are left out.
    """
    published = {
        (service, row["stream"]): row
        for service, found in pending.items()
        for row in found["streams"]
    }
    lines = []
    for consumer, found in pending.items():
        applied = {row["stream"]: row for row in found["applied"]}
        for stream in found["consumes"]:
            topic = BY_STREAM[stream]
            if topic.derived:
                continue
            sent = published.get((topic.producer, stream), {"events": 0, "keys": 0})
            done = applied.get(stream, {"events": 0, "keys": 0})
            lines.append(
                Line(stream, consumer, sent["events"], done["events"], sent["keys"], done["keys"])
            )
    return lines
