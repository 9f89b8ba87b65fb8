"""What others may see of a message: that it was planned and how it went; no text, no address."""

from datetime import date
from uuid import UUID

from pydantic import Field

from services.notifications.consents.rules import Rule
from services.notifications.delivery.vocabulary import ChannelName, Failure, Kind, State
from shared.web import Instant, Shown

EXAMPLE_ID = "019ab7d0-3c1e-7a52-9d4e-5b1f2c3d4e5f"


class Notification(Shown):
    """One message to one client about one session, or about a seat that is held."""

    id: UUID = Field(description="Id of the message.", examples=[EXAMPLE_ID])
    client_id: UUID = Field(description="Pseudonymous id of the client.", examples=[EXAMPLE_ID])
    site_id: UUID = Field(description="The site that treats the client.", examples=[EXAMPLE_ID])
    session_id: UUID = Field(
        description="The session it is about; of kind `seat_offer` the offer.",
        examples=[EXAMPLE_ID],
    )
    kind: Kind = Field(description="Why it is sent.", examples=["session_reminder"])
    channel: ChannelName | None = Field(
        description="The way it took; null until that was decided.", examples=["email"]
    )
    state: State = Field(
        description="`sending` may have gone out; `delivered` was taken by the channel; "
        "`suppressed` was not sent, as the client did not agree to it.",
        examples=["delivered"],
    )
    failure: Failure | None = Field(
        description="Why it was given up; null unless the state is `failed`.", examples=[None]
    )
    rule: Rule | None = Field(
        description="Why the client may not be reached; null unless the state is `suppressed`.",
        examples=[None],
    )
    attempts: int = Field(description="Attempts made so far.", examples=[1])
    session_starts_at: Instant = Field(
        description="Start of the session, UTC; of kind `seat_offer` when the offer ends.",
        examples=["2026-06-02T23:30:00Z"],
    )
    planned_at: Instant = Field(
        description="When it was planned, UTC.", examples=["2026-05-29T15:00:00Z"]
    )
    due_at: Instant = Field(
        description="When it was planned to go out, outside quiet hours, UTC.",
        examples=["2026-06-01T23:30:00Z"],
    )
    due_on: date | None = Field(
        description="The day of `due_at` at the site.", examples=["2026-06-01"]
    )
    next_attempt_at: Instant | None = Field(
        description="When it is tried next, UTC; null when nothing more will be tried.",
        examples=[None],
    )
    ended_at: Instant | None = Field(
        description="When it was delivered, given up, suppressed or cancelled, UTC.",
        examples=["2026-06-01T23:30:00Z"],
    )


class NotificationCount(Shown):
    """How many messages of a kind are in a state."""

    kind: Kind = Field(examples=["session_reminder"])
    state: State = Field(examples=["delivered"])
    count: int = Field(examples=[17])


class NotificationCounts(Shown):
    """The messages of a site's day in numbers; kinds and states without any are not listed."""

    site_id: UUID
    due_on: date = Field(description="The day at the site.", examples=["2026-06-01"])
    total: int = Field(examples=[21])
    counts: list[NotificationCount]
