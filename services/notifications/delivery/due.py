"""A message whose time has come, with what is known of its recipient right now."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
from opentelemetry.trace import SpanKind

from services.notifications.consents.rules import Consent
from services.notifications.contacts.queries import Contact
from services.notifications.delivery.policy import permission_policy
from services.notifications.delivery.rules import (
    Agreed,
    Decision,
    Reach,
    continues_trace,
    decide,
    next_attempt,
)
from services.notifications.delivery.vocabulary import ChannelName, Kind
from services.notifications.stays.rules import Standing
from services.notifications.timing.policy import timing_policy
from services.notifications.timing.rules import zone_of
from shared.telemetry.tracing import link_to, span_from

CHANNEL_OF_STRANGERS: ChannelName = "email"
"""The channel that is named when a message is given up before its recipient was heard of."""
WAYS: dict[ChannelName, str | None] = {"email": "email", "log": None}
"""As consents call the way that a channel takes; nothing leaves the house by the log."""


@dataclass(frozen=True, slots=True)
class Due:
    """One row of `notifications` that is due, and what is known of its recipient: contact details,
    consents and stay."""

    id: UUID
    site_id: UUID
    client_id: UUID
    session_id: UUID
    kind: Kind
    session_starts_at: datetime
    site_time_zone: str
    planned_at: datetime
    due_at: datetime
    next_at: datetime
    expires_at: datetime
    attempts: int
    traceparent: str | None
    withdrawn: bool
    contact: Contact | None
    reach: Reach
    consents: Sequence[Consent]
    standing: Standing

    @classmethod
    def of(
        cls,
        row: asyncpg.Record,
        contact: Contact | None,
        consents: Sequence[Consent],
        standing: Standing,
    ) -> "Due":
        """The row with its recipient."""
        stated = None if contact is None else contact.time_zone
        own: dict[str, Any] = {name: row[name] for name in COLUMNS}
        return cls(
            **own,
            contact=contact,
            reach=Reach(
                known=contact is not None,
                reachable=contact is not None and contact.can_be_reached,
                zone=zone_of(stated, row["site_time_zone"]),
            ),
            consents=consents,
            standing=standing,
        )

    @property
    def channel(self) -> ChannelName:
        """The channel that the recipient wants."""
        return CHANNEL_OF_STRANGERS if self.contact is None else self.contact.channel

    @property
    def site_zone(self) -> ZoneInfo:
        """The zone of the site."""
        return ZoneInfo(self.site_time_zone)

    def tried(self) -> "Due":
        """The message with one attempt more."""
        return replace(self, attempts=self.attempts + 1)

    def renewed(self, found: "Due") -> "Due":
        """What is `found` of the message right before it is handed over, as it was when marked."""
        return replace(found, attempts=self.attempts, next_at=self.next_at)

    def decide(self, now: datetime) -> Decision:
        """What to do with the message at `now`."""
        policy, permitted = timing_policy(self.site_id), permission_policy(self.site_id)
        return decide(
            now,
            withdrawn=self.withdrawn,
            standing=self.standing,
            sent_on_hold=self.kind in permitted.on_hold,
            due_at=self.due_at,
            expires_at=self.expires_at,
            reach=self.reach,
            agreed=Agreed(
                self.consents,
                permitted.purpose(self.kind, WAYS[self.channel]),
                self.site_zone,
            ),
            window=policy.hours,
            unknown_contact=policy.unknown_contact,
        )

    def next_attempt(self, now: datetime) -> datetime:
        """When to try again if the attempts made until `now` failed."""
        policy = timing_policy(self.site_id)
        return next_attempt(
            now,
            attempts=self.attempts,
            expires_at=self.expires_at,
            zone=self.reach.zone,
            window=policy.hours,
            backoff=policy.backoff,
        )

    @contextlib.contextmanager
    def span(self, name: str) -> Iterator[None]:
        """A span about this message, current while the block runs.

        A message that goes out at the instant it was planned goes on with the trace of its cause;
        one that had to wait begins its own, with a link to the cause.
        """
        goes_on = continues_trace(self.next_at, self.planned_at)
        with span_from(
            self.traceparent if goes_on else None,
            name,
            kind=SpanKind.PRODUCER,
            attributes={
                "messaging.operation.type": "send",
                "messaging.system": "smtp" if self.channel == "email" else self.channel,
                "stepwell.notification.id": str(self.id),
                "stepwell.notification.kind": self.kind,
            },
            links=() if goes_on else link_to(self.traceparent),
        ):
            yield


COLUMNS = (
    "id",
    "site_id",
    "client_id",
    "session_id",
    "kind",
    "session_starts_at",
    "site_time_zone",
    "planned_at",
    "due_at",
    "next_at",
    "expires_at",
    "attempts",
    "traceparent",
    "withdrawn",
)
