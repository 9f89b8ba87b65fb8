"""A message whose time has come, of whatever kind: what the queue asks of it."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import cache
from typing import Any, Literal, Self
from uuid import UUID

import asyncpg
from opentelemetry.trace import SpanKind

from services.notifications.consents.rules import Rule
from services.notifications.delivery.rules import Decision, continues_trace
from services.notifications.delivery.vocabulary import AlertFailure, ChannelName, Failure
from services.notifications.texts.rules import Text
from shared.contracts.base import Event
from shared.settings import Settings
from shared.telemetry.tracing import is_sampled, link_to, span_from

SYSTEMS = {"email": "smtp"}
HANDED = ("at", "channel", "address", "subject", "body")
"""The columns `handed_…` of a row that is due, in the order of the fields of `Handed`."""


@dataclass(frozen=True, slots=True)
class Result:
    """The new state of one message, reached `at`. `next_at` is set when it is planned again."""

    id: UUID
    state: Literal["planned", "sent", "delivered", "bounced", "failed", "suppressed", "cancelled"]
    at: datetime
    attempts: int
    channel: ChannelName | None = None
    failure: Failure | AlertFailure | None = None
    rule: Rule | None = None
    texts_version: str | None = None
    next_at: datetime | None = None
    provider: str | None = None
    provider_id: str | None = None
    refused: ChannelName | None = None
    """A way that will not be taken again for this message."""
    uncertain: bool = False
    """Whether what was handed over may have arrived all the same."""


@dataclass(frozen=True, slots=True)
class Handed:
    """What was handed over for a message; nobody knows whether it arrived."""

    began_at: datetime
    channel: ChannelName
    address: str | None = field(repr=False)
    subject: str = field(repr=False)
    body: str = field(repr=False)


@cache
def _names(kind: type["Due"]) -> tuple[str, ...]:
    """The columns of a kind of message."""
    return tuple(one.name for one in fields(kind) if one.name not in ("row", "handed", "sent_by"))


@dataclass(frozen=True, slots=True)
class Due(ABC):
    """One row of `notifications` that is due, with what is known of its recipient right now.

    A subclass is for messages of certain kinds: it has further columns of the row, and says what
    differs by the kind.
    """

    id: UUID
    site_id: UUID
    client_id: UUID
    kind: str
    planned_at: datetime
    due_at: datetime
    next_at: datetime
    expires_at: datetime
    attempts: int
    traceparent: str | None
    withdrawn: bool
    refused_by: Sequence[ChannelName]
    provider_id: str | None
    sent_by: ChannelName | None
    """The way that the last attempt took."""
    handed: Handed | None = field(repr=False)
    """Of an attempt whose outcome is not known."""
    row: asyncpg.Record = field(repr=False)

    @property
    @abstractmethod
    def channel(self) -> ChannelName:
        """The way that it takes."""

    @property
    @abstractmethod
    def texts_version(self) -> str:
        """Of the texts that it takes its words from."""

    @abstractmethod
    def decide(self, now: datetime) -> Decision:
        """What to do with it at `now`."""

    @abstractmethod
    def next_attempt(self, now: datetime) -> datetime:
        """When to try again if the attempts made until `now` failed."""

    @abstractmethod
    def addressed(self, settings: Settings) -> tuple[str | None, Text]:
        """Where it goes and what it says, as of now."""

    @property
    def can_be_unsubscribed(self) -> bool:
        """Whether its recipient may end such messages with one click."""
        return False

    def way_besides(self, tried: ChannelName) -> bool:
        """Whether the message can take another way than the one that was tried."""
        return False

    @abstractmethod
    def event(self, result: Result) -> Event | None:
        """The event that tells what came of it; None when nobody is told."""

    async def linked(self, settings: Settings) -> Self:
        """The message with the one-time link that it carries, if its rule says so.

        Raises:
            LinkOver: what it would open is over.
            LinkUnavailable: none can be made now.
        """
        return self

    @classmethod
    def of(cls, row: asyncpg.Record, **known: Any) -> Self:
        """The row, with what is known beside it."""
        columns = {name: row[name] for name in _names(cls) if name not in known}
        uncertain = row.get("handed_at") is not None
        handed = Handed(*(row[f"handed_{part}"] for part in HANDED)) if uncertain else None
        return cls(**columns, sent_by=row["channel"], handed=handed, row=row, **known)

    def tried(self) -> Self:
        """The message with one attempt more."""
        return replace(self, attempts=self.attempts + 1)

    @contextlib.contextmanager
    def span(self, name: str) -> Iterator[None]:
        """A span about this message, current while the block runs.

        A message that goes out at the instant it was planned goes on with the trace of its cause;
        one that had to wait begins its own, with a link to the cause. Of a cause that nobody looks
        at none is made.
        """
        unseen = self.traceparent is not None and not is_sampled(self.traceparent)
        goes_on = unseen or continues_trace(self.next_at, self.planned_at)
        with span_from(
            self.traceparent if goes_on else None,
            name,
            kind=SpanKind.PRODUCER,
            attributes={
                "messaging.operation.type": "send",
                "messaging.system": SYSTEMS.get(self.channel, self.channel),
                "stepwell.notification.id": str(self.id),
                "stepwell.notification.kind": self.kind,
            },
            links=() if goes_on else link_to(self.traceparent),
        ):
            yield
