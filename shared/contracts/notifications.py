"""What notifications tells: which message went out, never what it said or where it went."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts.base import ClientEvent


class NotificationEvent(ClientEvent):
    """An event about one message to one client."""

    stream: ClassVar[str] = "notifications"

    notification_id: UUID
    kind: Literal["session_reminder", "missed_session_outreach"]
    channel: Literal["email", "log"]
    session_id: UUID


class NotificationDelivered(NotificationEvent):
    """A message was accepted by the channel's server."""

    due_at: datetime
    delivered_at: datetime


class NotificationFailed(NotificationEvent):
    """A message was given up; nothing more will be tried."""

    reason: Literal["no_contact_details", "refused_by_channel", "no_longer_timely"]
    failed_at: datetime


EVENTS = (NotificationDelivered, NotificationFailed)
