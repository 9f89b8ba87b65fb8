"""What intake tells: referrals, results of screenings, levels of care, enrolments."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.base import ClientEvent, Criterion, PolicyReference

Instrument = Literal["phq-9", "gad-7", "audit-c", "audit", "dast-10"]
ReferralSource = Literal["self", "residential", "hospital", "provider", "court", "other"]
GenderGroup = Literal["men", "women"]


class IntakeEvent(ClientEvent):
    """An event on the intake stream."""

    stream: ClassVar[str] = "intake"


class ReferralReceived(IntakeEvent):
    """A person was referred to a site, or asked for help there."""

    referral_id: UUID
    source: ReferralSource
    received_at: datetime


class Score(BaseModel):
    """The result of one instrument; item answers never leave intake."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    instrument: Instrument
    instrument_version: str
    status: Literal["complete", "prorated", "incomplete"]
    total: int | None = Field(description="Null when the answers do not allow a total.")
    band: str | None = Field(description="Symptom band of the total, such as `moderate`.")
    positive: bool | None = Field(description="Positive screen; null when undetermined.")
    safety_item: Literal["negative", "positive", "unknown"] | None = Field(
        default=None, description="PHQ-9 item 9; null for instruments without a safety item."
    )
    answered_at: datetime | None = Field(
        default=None,
        description="When the client answered; in events before version 1.1 null, and then taken "
        "as `completed_at`.",
    )


class ScreeningCompleted(IntakeEvent):
    """A client answered one or more instruments and they were scored."""

    version: ClassVar[str] = "1.1"

    screening_id: UUID
    occasion: Literal["intake", "follow_up"]
    scores: list[Score]
    completed_at: datetime = Field(description="When the answers were entered and scored.")


class LevelOfCareDetermined(IntakeEvent):
    """A counselor's dimensional ratings were held against the level-of-care policy."""

    determination_id: UUID
    edition: Literal["3", "4"] = Field(description="Edition of the dimensions that were rated.")
    status: Literal["determined", "needs_evaluation"]
    recommended_level: str | None = Field(examples=["2.1"])
    dual_diagnosis: bool = Field(description="Needs a co-occurring disorders programme.")
    criteria: list[Criterion]
    policy: PolicyReference
    determined_at: datetime


class ClientEnrolled(IntakeEvent):
    """A client entered the intensive outpatient program of a site and needs a seat in a cohort."""

    enrolment_id: UUID
    level_of_care: str = Field(examples=["2.1"])
    dual_diagnosis: bool
    gender_group: GenderGroup | None = Field(
        description="The gender-specific group the client may join; null for mixed groups only."
    )
    enrolled_at: datetime


class ClientSteppedDown(IntakeEvent):
    """A client moved to a less intensive level; the enrolment at the former level is over."""

    enrolment_id: UUID
    recommendation_id: UUID
    from_level: str
    to_level: str
    stepped_down_at: datetime


class ContactDetailsChanged(ClientEvent):
    """How a client wants to be reached. Has its own topic, which only notifications reads."""

    stream: ClassVar[str] = "contacts"

    channel: Literal["email", "log"]
    email: str | None
    phone: str | None
    time_zone: str | None = Field(
        description="IANA zone the client stated; null = the site's zone."
    )
    changed_at: datetime


EVENTS = (
    ReferralReceived,
    ScreeningCompleted,
    LevelOfCareDetermined,
    ClientEnrolled,
    ClientSteppedDown,
    ContactDetailsChanged,
)
