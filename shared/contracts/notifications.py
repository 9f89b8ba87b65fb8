"""What notifications tells: which message went out, never what it said or where it went."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.base import ClientEvent
from shared.contracts.intake import Token


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


class NoticeEvent(ClientEvent):
    """An event about one message to one client. `kind` is an open list: pass over what you do not
    know."""

    stream: ClassVar[str] = "notifications"

    notification_id: UUID
    kind: Token = Field(
        description="Why it is sent; more words may come.", examples=["session_not_held"]
    )
    channel: Token = Field(
        description="The way it took or would have taken; more words may come.", examples=["sms"]
    )
    session_id: UUID = Field(description="The session; of kind `seat_offer` the offer.")


class NoticeDelivered(NoticeEvent):
    """A message arrived that NotificationDelivered cannot tell of: of another kind, or by another
    way."""

    due_at: datetime
    delivered_at: datetime


class NoticeFailed(NoticeEvent):
    """A message that NotificationFailed cannot tell of was given up or did not arrive; nothing more
    will be tried."""

    reason: Token = Field(
        description="Why; `bounced` where the way it took told later that it did not arrive. More "
        "words may come.",
        examples=["no_longer_timely"],
    )
    failed_at: datetime


class NotificationSuppressed(NoticeEvent):
    """A message of any kind was not sent, as the client did not agree to be reached so."""

    rule: Literal[
        "no_consent",
        "revoked",
        "expired",
        "other_way",
        "other_use",
        "opted_out",
        "outside_safe_times",
    ] = Field(
        description="Of the consent to be reached that counted at that instant; `opted_out`: "
        "whoever has the address wants no messages there."
    )
    suppressed_at: datetime


class ContactOptedOut(ClientEvent):
    """A client wants no messages by a way any more: nothing goes there, from this instant on."""

    stream: ClassVar[str] = "notifications"

    channel: Token = Field(description="A text message stops calls too.", examples=["sms"])
    how: Token = Field(
        description="`word`, `free_text`, `one_click` or `provider`.", examples=["word"]
    )
    opted_out_at: datetime


class ContactUnreachable(ClientEvent):
    """Nothing arrives at the address of a client by a way: ask for another one."""

    stream: ClassVar[str] = "notifications"

    channel: Token = Field(examples=["sms"])
    reason: Token = Field(description="Who says so.", examples=["provider"])
    noticed_at: datetime


class StaffAlertEvent(ClientEvent):
    """An event about one message to staff of a site; never whom it went to."""

    stream: ClassVar[str] = "notifications"

    alert_id: UUID = Field(description="Of the message; stands in its Message-ID.")
    flag_id: UUID = Field(description="The risk flag that needs somebody.")
    step: int = Field(ge=0, description="Step of escalation; 0 when the flag was raised.")


class StaffAlerted(StaffAlertEvent):
    """A member of staff was told that something needs them: the mail server took the message."""

    delivered_at: datetime


class StaffAlertFailed(StaffAlertEvent):
    """A message to staff was given up, or the site named nobody to tell."""

    reason: Literal["no_contacts", "refused_by_channel", "no_longer_timely", "outcome_unknown"]
    failed_at: datetime


EVENTS = (
    NotificationDelivered,
    NotificationFailed,
    NoticeDelivered,
    NoticeFailed,
    NotificationSuppressed,
    ContactOptedOut,
    ContactUnreachable,
    StaffAlerted,
    StaffAlertFailed,
)
