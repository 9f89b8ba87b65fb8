"""One thing that went to a client or came from one."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from services.notifications.opt_outs.rules import Meaning
from shared.web import Instant, Shown


class Entry(Shown):
    """A message to a client, or a reply."""

    id: UUID = Field(description="Of the message or the reply.")
    client_id: UUID = Field(description="Pseudonymous id of the client's record.")
    site_id: UUID = Field(description="The site.")
    direction: Literal["out", "in"] = Field(description="To the client or from them.")
    kind: str = Field(
        description="Why it was sent; of a reply `reply`.", examples=["session_reminder"]
    )
    channel: str | None = Field(description="The way.", examples=["sms"])
    state: str = Field(
        description="How the message fared; of a reply `received`.", examples=["delivered"]
    )
    why: str | None = Field(
        description="Why it did not go out or arrive: the failure, or the rule that stopped it.",
        examples=[None],
    )
    meaning: Meaning | None = Field(
        description="What a reply was taken to ask for; null of messages.", examples=["stop"]
    )
    at: Instant = Field(description="When it was planned, or came in.")
    sent_at: Instant | None = Field(description="When it was handed over.", examples=[None])
    ended_at: Instant | None = Field(description="When its fate was known.", examples=[None])
    happened_at: Instant = Field(
        description="When it was handed over, given up or came in; of what is planned when it is "
        "due."
    )
    body: str | None = Field(
        description="What it said: for clinicians only, and gone after the time that policy sets.",
        examples=["You have an appointment Tue 5:30 PM."],
    )
