"""Messages to clients: to the address and within the hours that the client states, by what the
client agreed to."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from services.notifications.delivery.due import Due, Result
from services.notifications.delivery.queries import resume_times
from services.notifications.delivery.recipients import Recipient, recipients_of
from services.notifications.delivery.rules import (
    Agreed,
    Cancel,
    Decision,
    Reach,
    decide,
    next_attempt,
)
from services.notifications.delivery.vocabulary import ChannelName, Kind
from services.notifications.links.making import make_link
from services.notifications.rulebook.policy import Sending, rulebook
from services.notifications.stays.rules import standing
from services.notifications.texts.policy import templates
from services.notifications.texts.rendering import write
from services.notifications.texts.rules import Text, spoken
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
from shared.merges import records_of
from shared.settings import Settings

CHANNEL_OF_STRANGERS: ChannelName = "email"
"""The channel that is named when a message is given up before its recipient was heard of."""
RELEASED: dict[str, frozenset[str]] = {
    "kind": frozenset({"session_reminder", "missed_session_outreach"}),
    "channel": frozenset({"email", "log"}),
    "failure": frozenset({"", "no_contact_details", "refused_by_channel", "no_longer_timely"}),
}
"""What the released NotificationDelivered and NotificationFailed can say: all else is told by
events of their own, as longer lists would break the readers of those."""


@dataclass(frozen=True)
class ClientMessage(Due):
    """A message to a client about a session, an offer or whatever else its rule is about."""

    kind: Kind
    session_id: UUID
    session_starts_at: datetime
    site_time_zone: str
    enrolment_id: UUID | None
    recipient: Recipient
    resumes_at: datetime | None
    """When the client may hear more, if no more go out today."""
    link: str = field(repr=False)
    """That it carries."""

    @cached_property
    def sending(self) -> Sending | None:
        """What the rules in force say of its kind; None when no rule sends it any more."""
        return rulebook(self.site_id).sendings.get(self.kind)

    @property
    def can_be_unsubscribed(self) -> bool:
        return True

    def way_besides(self, tried: ChannelName) -> bool:
        return any(way != tried for way in self.recipient.open_ways(self.refused_by))

    @cached_property
    def channel(self) -> ChannelName:
        return self.recipient.way(self.refused_by) or CHANNEL_OF_STRANGERS

    @cached_property
    def texts_version(self) -> str:
        template = self.kind if self.sending is None else self.sending.template
        taken = templates(self.site_id)[template]
        language, _ = taken.in_language(self.recipient.language)
        return f"{template}/{taken.version}/{language}"

    @cached_property
    def reach(self) -> Reach:
        """What is known of how to reach the client."""
        return self.recipient.reach(self.site_time_zone)

    @property
    def site_zone(self) -> ZoneInfo:
        """The zone of the site."""
        return ZoneInfo(self.site_time_zone)

    def decide(self, now: datetime) -> Decision:
        policy, sending = timing_policy(self.site_id), self.sending
        if sending is None:
            return Cancel()
        return decide(
            now,
            withdrawn=self.withdrawn,
            standing=standing(self.recipient.stays, self.enrolment_id),
            sent_on_hold=sending.rule.on_hold,
            after_stay=sending.rule.after_stay,
            resumes_at=self.resumes_at if sending.step.limited else None,
            due_at=self.due_at,
            expires_at=self.expires_at,
            reach=self.reach,
            agreed=Agreed(
                self.recipient.consents,
                sending.purpose(self.recipient.needed(self.channel)),
                self.site_zone,
            ),
            window=policy.hours,
            unknown_contact=policy.unknown_contact,
            stopped=self.recipient.stopped_at(self.channel),
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

    async def linked(self, settings: Settings) -> Self:
        sending = self.sending
        if sending is None or sending.rule.link is None or self.channel == "log":
            return self
        link = await make_link(settings, sending.rule.link, self.site_id, self.session_id)
        return replace(self, link=link)

    def addressed(self, settings: Settings) -> tuple[str | None, Text]:
        """The text shows the time in the zone that the recipient states now, and is in the language
        that they read, or else in the one that all texts are written in."""
        template = self.kind if self.sending is None else self.sending.template
        language, _ = templates(self.site_id)[template].in_language(self.recipient.language)
        when = spoken(self.session_starts_at, self.reach.zone, self.site_zone, language)
        values = {"when": when, "link": self.link}
        written = write(template, self.site_id, self.channel, language, values)
        contact = self.recipient.contact
        return None if contact is None else contact.address(self.channel), written.text

    def event(self, result: Result) -> Event | None:
        about: dict[str, Any] = {
            "client_id": self.client_id,
            "site_id": self.site_id,
            "notification_id": self.id,
            "kind": self.kind,
            "channel": result.channel or self.channel,
            "session_id": self.session_id,
        }
        told = {"kind": self.kind, "channel": about["channel"], "failure": _reason(result) or ""}
        notice = any(told[name] not in known for name, known in RELEASED.items())
        at = result.at
        match result.state:
            case "delivered":
                delivered = NoticeDelivered if notice else NotificationDelivered
                return delivered(**about, due_at=self.due_at, delivered_at=at)
            case "failed" | "bounced":
                failed = NoticeFailed if notice else NotificationFailed
                return failed(**about, reason=_reason(result), failed_at=at)
            case "suppressed":
                return NotificationSuppressed(**about, rule=result.rule, suppressed_at=at)
            case _:
                return None


def _reason(result: Result) -> str | None:
    return "bounced" if result.state == "bounced" else result.failure


async def due_messages(
    tx: Transaction, rows: Sequence[asyncpg.Record], withdrawn: Collection[UUID]
) -> list[ClientMessage]:
    """The messages to clients in `rows`, each with what is known of its client."""
    if not rows:
        return []
    records = await records_of(tx, (row["client_id"] for row in rows))
    known = await recipients_of(tx, records)
    resume = await resume_times(tx, rows, records, {one: known[one].contact for one in known})
    return [
        ClientMessage.of(
            row,
            withdrawn=row["id"] in withdrawn,
            recipient=known[row["client_id"]],
            resumes_at=resume.get(row["id"]),
            link="",
        )
        for row in rows
    ]
