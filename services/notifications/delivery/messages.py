"""Messages to clients: to the address and within the hours that the client states, by what the
client agreed to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from services.notifications.consents.queries import consents_of
from services.notifications.consents.rules import Consent
from services.notifications.contacts.queries import Contact, contacts_of, zone_for
from services.notifications.delivery.due import Due, Result
from services.notifications.delivery.policy import Text, permission_policy, texts
from services.notifications.delivery.rules import Agreed, Decision, Reach, decide, next_attempt
from services.notifications.delivery.texts import written
from services.notifications.delivery.vocabulary import ChannelName, Kind
from services.notifications.stays.queries import stays_of
from services.notifications.stays.rules import Standing, standing
from services.notifications.timing.policy import timing_policy
from shared.contracts.base import Event
from shared.contracts.notifications import (
    NoticeDelivered,
    NoticeFailed,
    NotificationDelivered,
    NotificationFailed,
    NotificationSuppressed,
)
from shared.database import Transaction
from shared.settings import Settings

CHANNEL_OF_STRANGERS: ChannelName = "email"
"""The channel that is named when a message is given up before its recipient was heard of."""
WAYS: dict[ChannelName, str | None] = {"email": "email", "log": None}
"""As consents call the way that a channel takes; nothing leaves the house by the log."""
NOTICES: frozenset[Kind] = frozenset({"session_not_held", "seat_offer"})
"""Kinds that the released NotificationDelivered and NotificationFailed do not know: they are told
by events of their own, as a longer list of kinds would break the readers of those."""


@dataclass(frozen=True, slots=True)
class ClientMessage(Due):
    """A message to a client about a session."""

    kind: Kind
    session_id: UUID
    session_starts_at: datetime
    site_time_zone: str
    contact: Contact | None
    consents: Sequence[Consent]
    standing: Standing

    @property
    def channel(self) -> ChannelName:
        return CHANNEL_OF_STRANGERS if self.contact is None else self.contact.channel

    @property
    def texts_version(self) -> str:
        return texts(self.site_id).version

    @property
    def reach(self) -> Reach:
        """What is known of how to reach the client."""
        return Reach(
            known=self.contact is not None,
            reachable=self.contact is not None and self.contact.can_be_reached,
            zone=zone_for(self.contact, self.site_time_zone),
        )

    @property
    def site_zone(self) -> ZoneInfo:
        """The zone of the site."""
        return ZoneInfo(self.site_time_zone)

    def decide(self, now: datetime) -> Decision:
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
                self.consents, permitted.purpose(self.kind, WAYS[self.channel]), self.site_zone
            ),
            window=policy.hours,
            unknown_contact=policy.unknown_contact,
        )

    def next_attempt(self, now: datetime) -> datetime:
        policy = timing_policy(self.site_id)
        return next_attempt(
            now,
            attempts=self.attempts,
            expires_at=self.expires_at,
            backoff=policy.backoff,
            zone=self.reach.zone,
            window=policy.hours,
        )

    def addressed(self, settings: Settings) -> tuple[str | None, Text]:
        """The text shows the time in the zone that the recipient states now."""
        zone = self.reach.zone
        text = written(self.kind, self.site_id, self.session_starts_at, zone, self.site_zone)
        return None if self.contact is None else self.contact.email, text

    def event(self, result: Result) -> Event | None:
        about: dict[str, Any] = {
            "client_id": self.client_id,
            "site_id": self.site_id,
            "notification_id": self.id,
            "kind": self.kind,
            "channel": self.channel,
            "session_id": self.session_id,
        }
        notice, at = self.kind in NOTICES, result.at
        match result.state:
            case "delivered":
                delivered = NoticeDelivered if notice else NotificationDelivered
                return delivered(**about, due_at=self.due_at, delivered_at=at)
            case "failed":
                failed = NoticeFailed if notice else NotificationFailed
                return failed(**about, reason=result.failure, failed_at=at)
            case "suppressed":
                return NotificationSuppressed(**about, rule=result.rule, suppressed_at=at)
            case _:
                return None


async def due_messages(tx: Transaction, rows: Sequence[asyncpg.Record]) -> list[ClientMessage]:
    """The messages to clients in `rows`, each with what is known of its client."""
    clients = {row["client_id"] for row in rows}
    contacts = await contacts_of(tx, clients)
    consents = await consents_of(tx, clients)
    stays = await stays_of(tx, clients)
    return [
        ClientMessage.of(
            row,
            contact=contacts.get(client),
            consents=consents.get(client, ()),
            standing=standing(stays.get(client, {}), row["enrolment_id"]),
        )
        for row in rows
        for client in [row["client_id"]]
    ]
