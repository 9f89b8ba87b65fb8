"""What requests and answers about contact attempts look like."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from services.intake.referrals.values import Note
from shared.web import Instant, Shown, Strict

AttemptChannel = Literal["voice", "sms", "email", "letter", "in_person"]
Outcome = Literal["reached", "no_answer", "left_message", "wrong_number", "refused"]


class NewContactAttempt(Strict):
    """A try to reach a referred person."""

    channel: AttemptChannel = Field(description="How.", examples=["voice"])
    outcome: Outcome = Field(description="What came of it.", examples=["no_answer"])
    attempted_at: Instant = Field(description="When.", examples=["2026-02-23T13:30:00Z"])
    note: Note | None = Field(
        None, description="Stays in this service.", examples=["Asked to call back after six."]
    )


class ContactAttempt(Shown):
    """A try to reach a referred person, as it was recorded."""

    id: UUID
    referral_id: UUID
    client_id: UUID
    site_id: UUID
    channel: AttemptChannel
    outcome: Outcome
    attempted_at: Instant
    attempted_by: str
    note: str | None
    recorded_at: Instant
