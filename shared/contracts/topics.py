"""Every Kafka topic of the platform: who writes it, who may read it, how it is kept.

The platform creates the topics and their access lists from this file; brokers create none by
themselves. Names are prefixed with the setting `KAFKA_TOPIC_PREFIX`.
"""

import importlib
from dataclasses import dataclass

from shared.contracts.base import Event
from shared.contracts.services import SERVICES

WEEKS_8_MS = 8 * 7 * 24 * 3600 * 1000
LARGEST_EVENT_BYTES = 512 * 1024
"""The largest payload: half of what a broker takes by default, so that a batch with key and headers
fits (Kafka 4.4, `message.max.bytes` 1,048,588)."""


@dataclass(frozen=True)
class Topic:
    """One topic. `stream` is the part of the name that events and positions use."""

    stream: str
    producer: str
    readers: tuple[str, ...]
    derived: bool = False
    """Events carry their source's position instead of a sequence of their own; the latest wins."""
    compacted: bool = False
    partitions: int = 4
    retention_ms: int = WEEKS_8_MS
    """Older events are still to be had from the publisher's journal."""

    @property
    def open_to_subscribers(self) -> bool:
        """Whether systems besides the services may read it: those that all of them may."""
        return self.readers == SERVICES

    @property
    def name(self) -> str:
        return f"stepwell.{self.stream}"


TOPICS = (
    *(Topic(service, producer=service, readers=SERVICES) for service in SERVICES),
    Topic("contacts", producer="intake", readers=("notifications",)),
    Topic("engagement", producer="outcomes", readers=SERVICES, derived=True),
    Topic(
        "engagement-windows-changelog",
        producer="outcomes",
        readers=("outcomes",),
        derived=True,
        compacted=True,
    ),
)

BY_STREAM = {topic.stream: topic for topic in TOPICS}

EVENTS: tuple[type[Event], ...] = tuple(
    event
    for service in SERVICES
    for event in importlib.import_module(f"shared.contracts.{service}").EVENTS
)

BY_TYPE = {event.type_name(): event for event in EVENTS}
