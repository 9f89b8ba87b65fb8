"""What intake tells: referrals, results of screenings, levels of care, enrolments.

Longer than other files, as a subscriber looks for all events of a service in one place.
"""

from datetime import date, datetime, time
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.base import ClientEvent, Criterion, PolicyReference

Instrument = Literal["phq-9", "gad-7", "audit-c", "audit", "dast-10"]
ReferralSource = Literal["self", "residential", "hospital", "provider", "court", "other"]
Referrer = Literal[
    "residential",
    "inpatient",
    "withdrawal_management",
    "court",
    "employer",
    "physician",
    "family",
    "self",
    "other",
]
ReferralState = Literal[
    "received", "contacted", "screening", "assessed", "accepted", "redirected", "declined", "lost"
]
ReferralReason = Literal[
    "higher_level_needed",
    "lower_level_needed",
    "other_provider_chosen",
    "no_longer_interested",
    "coverage_not_found",
    "not_eligible",
    "no_seat_in_time",
    "unreachable",
    "moved_away",
    "incarcerated",
    "died",
    "entered_in_error",
]
RiskKind = Literal[
    "suicide_risk", "withdrawal_risk", "pregnancy", "recent_overdose", "harm_to_others"
]
RiskSeverity = Literal["moderate", "high"]
DualDiagnosisStatus = Literal["suspected", "confirmed", "ruled_out"]
TrackNeed = Literal["dual_diagnosis_cohort", "trauma_informed", "prescriber_visit"]
PriorityPopulation = Literal[
    "pregnant_injecting", "pregnant", "injecting", "parenting", "recent_overdose"
]
EpisodeState = Literal[
    "enrolled",
    "active",
    "on_hold",
    "stepped_down",
    "stepped_up",
    "completed",
    "left_against_advice",
    "transferred",
    "lost",
    "died",
]
ConsentForm = Literal[
    "treatment_payment_operations",
    "named_recipient",
    "intermediary",
    "counseling_notes",
    "legal_proceedings",
    "treatment",
    "contact_channels",
]
Token = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,59}$")]
"""A word from a data file of intake, such as the id of an instrument; never free text."""
GenderGroup = Literal["men", "women"]
AgeBand = Literal["adolescent", "young_adult", "adult", "older_adult"]


class IntakeEvent(ClientEvent):
    """An event on the intake stream."""

    stream: ClassVar[str] = "intake"


class ReferralReceived(IntakeEvent):
    """A person was referred to a site, or asked for help there."""

    version: ClassVar[str] = "1.1"

    referral_id: UUID
    source: ReferralSource = Field(description="The group that `referrer` belongs to.")
    referrer: Referrer | None = Field(
        default=None, description="Who referred; null in events before version 1.1."
    )
    received_at: datetime


class ReferralStateChanged(IntakeEvent):
    """A referral went on: the person was reached, screened, assessed, taken, or not."""

    referral_id: UUID
    from_state: ReferralState
    to_state: ReferralState
    reason: ReferralReason | None = Field(description="Why it ended without an enrolment.")
    changed_at: datetime


class ClientsMerged(IntakeEvent):
    """Somebody found that two clients are one person. Keyed by the one that goes on."""

    merge_id: UUID
    merged_client_id: UUID = Field(description="The client that no longer stands for itself.")
    merged_at: datetime


class ClientMergeUndone(IntakeEvent):
    """A merge was a mistake: the two clients are two people again."""

    merge_id: UUID
    merged_client_id: UUID
    undone_at: datetime


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


class Subscore(BaseModel):
    """A part of an instrument that is scored on its own."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    subscale: Token = Field(examples=["use"])
    total: int | None = Field(description="Null when answers are missing.")


class InstrumentScore(BaseModel):
    """The result of one instrument of any kind; its answers never leave intake."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    instrument: Token = Field(examples=["pc-ptsd-5"])
    instrument_version: Token = Field(examples=["1.0"])
    status: Literal["complete", "prorated", "incomplete"]
    total: int | None = Field(description="Null when there is none, or answers are missing.")
    band: Token | None = Field(description="Band or level, not a diagnosis.", examples=["high"])
    positive: bool | None = Field(description="Positive screen; null when open or without a cut.")
    subscores: list[Subscore]
    answered_at: datetime


class ScreeningCompleted(IntakeEvent):
    """A client answered one or more instruments and they were scored."""

    version: ClassVar[str] = "1.2"

    screening_id: UUID
    occasion: Literal["intake", "follow_up"]
    scores: list[Score] = Field(
        description="PHQ-9, GAD-7, AUDIT-C, AUDIT and DAST-10, as before version 1.2."
    )
    completed_at: datetime = Field(description="When the answers were entered and scored.")
    results: list[InstrumentScore] = Field(
        default_factory=list, description="All instruments; empty in events before version 1.2."
    )


class QuestionnaireDue(IntakeEvent):
    """A client in the program has a questionnaire to answer from now on, as it became due. Its page
    is a one-time link of intake, made by `POST /questionnaires/{questionnaire_id}/links`."""

    enrolment_id: UUID
    questionnaire_id: UUID
    due_at: datetime
    expires_at: datetime = Field(description="From then on it takes no answers.")


class QuestionnaireClosed(IntakeEvent):
    """A questionnaire takes no answers any more, whoever had assigned it."""

    questionnaire_id: UUID
    how: Literal["completed", "withdrawn", "expired"]
    closed_at: datetime


class RiskFlagRaised(IntakeEvent):
    """Something was found that a clinician has to see at once, and to acknowledge."""

    flag_id: UUID
    kind: RiskKind
    severity: RiskSeverity
    found_in: Token = Field(
        description="The instrument or form it was found in.", examples=["phq-9"]
    )
    acknowledge_by: datetime = Field(description="Without an acknowledgement it escalates then.")
    raised_at: datetime


class RiskFlagAcknowledged(IntakeEvent):
    """A clinician took charge of a risk flag and said what was done."""

    flag_id: UUID
    kind: RiskKind
    action: Token = Field(examples=["safety_plan"])
    acknowledged_at: datetime


class RiskFlagEscalated(IntakeEvent):
    """Nobody acknowledged a risk flag in time: the next people of the site are to be told."""

    version: ClassVar[str] = "1.1"

    flag_id: UUID
    kind: RiskKind
    severity: RiskSeverity
    step: int = Field(ge=1, description="1 for the first time.")
    escalated_at: datetime
    last: bool = Field(
        default=False, description="Nobody is told after this one; it stays open and overdue."
    )


class LevelOfCareDetermined(IntakeEvent):
    """A counselor's dimensional ratings were checked against the level-of-care policy."""

    determination_id: UUID
    edition: Literal["3", "4"] = Field(description="Edition of the dimensions that were rated.")
    status: Literal["determined", "needs_evaluation"]
    recommended_level: str | None = Field(examples=["2.1"])
    dual_diagnosis: bool = Field(description="Needs a co-occurring disorders programme.")
    criteria: list[Criterion]
    policy: PolicyReference
    determined_at: datetime


class LevelOfCareSigned(IntakeEvent):
    """A clinician signed a level-of-care decision, as recommended or with another level."""

    determination_id: UUID
    recommended_level: Token | None = Field(examples=["2.1"])
    final_level: Token = Field(examples=["2.1"])
    final_level_kind: Token = Field(
        description="The level in words that do not depend on the edition.",
        examples=["intensive_outpatient"],
    )
    override_reason: Token | None = Field(
        description="Null when it is the recommended level.", examples=["client_preference"]
    )
    second_signature: bool = Field(description="A second clinician signed a lower level.")
    signed_at: datetime


class DualDiagnosisChanged(IntakeEvent):
    """What is known of a co-occurring disorder, and what it asks of the program."""

    status: DualDiagnosisStatus
    needs: list[TrackNeed]
    changed_at: datetime


class AvailableTime(BaseModel):
    """A time of each week at which the client can come, on the client's own clock."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    weekday: int = Field(ge=1, le=7, description="ISO: 1 is Monday.")
    starts_at: time = Field(examples=["17:30:00"])
    ends_at: time = Field(
        description="00:00:00 is the midnight that ends the day.", examples=["21:00:00"]
    )


class PreferencesChanged(IntakeEvent):
    """When and how a client can take part; pseudonymous, without reasons."""

    time_zone: str = Field(description="IANA zone of the times.")
    available: list[AvailableTime]
    telehealth: bool
    needs_transport: bool
    needs_child_care: bool
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = Field(
        description="BCP 47.", examples=["es"]
    )
    gender_group: GenderGroup | None = Field(
        description="A gender-specific group is wished for, and which; null for any group."
    )
    changed_at: datetime


class ConsentEvent(IntakeEvent):
    """An event about one signed consent. Whom it names stays in intake."""

    consent_id: UUID
    form: ConsentForm


class ConsentGranted(ConsentEvent):
    """A client signed a consent."""

    version: ClassVar[str] = "1.1"

    channels: list[Literal["sms", "email", "voice"]] = Field(
        description="How the client may be reached; empty for forms about other things."
    )
    voicemail: Literal["none", "name_and_number", "appointment"] | None = Field(
        description="What may be left on voicemail; null for forms about other things."
    )
    expires_on: date | None
    granted_at: datetime
    uses: list[Token] = Field(
        default_factory=list,
        description="What the client may be reached for, of contact channels; since version 1.1.",
        examples=[["appointments"]],
    )
    safe_times: list[AvailableTime] = Field(
        default_factory=list,
        description="When a client may be reached; empty: at any time that quiet hours allow; "
        "since version 1.1.",
    )
    time_zone: str | None = Field(
        default=None, description="IANA zone of the safe times; null: the site's; since 1.1."
    )


class ConsentRevoked(ConsentEvent):
    """A client took a consent back; it holds from this instant on."""

    revoked_at: datetime


class ConsentExpired(ConsentEvent):
    """The day or the event up to which a consent was given has come."""

    expired_at: datetime


class AuthorizationRunningOut(IntakeEvent):
    """A payer's authorization comes to its end, by units or by date."""

    authorization_id: UUID
    cause: Literal["units", "days", "exhausted", "expired"]
    units_left: int
    expires_on: date
    noticed_at: datetime


class AuthorizedUnit(BaseModel):
    """What one unit of an authorization is."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    unit: Literal["per_diem", "hour", "15_min"]
    minimum_minutes: int = Field(description="Credited minutes below which there is no unit.")
    counts_from: int | None = Field(
        description="Minutes of a unit begun from which it counts; null for a day."
    )
    adds_up: Literal["day", "session"]
    session_kinds: list[Token] | None = Field(
        description="Which count; null: all.", examples=[["individual"]]
    )


class AuthorizationChanged(IntakeEvent):
    """A payer's authorization was entered, changed or withdrawn, or its units moved. The latest one
    of an authorization replaces those before."""

    authorization_id: UUID
    code: Annotated[str, Field(pattern=r"^[A-Z0-9]{4,5}$", examples=["H0015"])]
    unit: AuthorizedUnit
    units_granted: int
    units_used: int = Field(description="By attended days; never more than granted.")
    valid_from: date
    valid_until: date
    withdrawn: bool
    changed_at: datetime


class ClientCertified(IntakeEvent):
    """A physician certified that a client needs the program."""

    certification_id: UUID
    certified_on: date
    recertify_by: date
    noted_at: datetime


class ClientEnrolled(IntakeEvent):
    """A client entered the intensive outpatient program of a site and needs a seat in a cohort."""

    version: ClassVar[str] = "1.2"

    enrolment_id: UUID
    level_of_care: str = Field(examples=["2.1"])
    dual_diagnosis: bool
    gender_group: GenderGroup | None = Field(
        description="The gender-specific group the client may join; null for mixed groups only."
    )
    enrolled_at: datetime
    needs: list[TrackNeed] = Field(
        default_factory=list, description="What the track must offer; since version 1.1."
    )
    priority: list[PriorityPopulation] = Field(
        default_factory=list, description="Goes first on a waiting list; since version 1.1."
    )
    former_enrolment_id: UUID | None = Field(
        default=None, description="The stay before this one, for a re-admission; since version 1.1."
    )
    age_band: AgeBand | None = Field(
        default=None,
        description="By the age on the day of the enrolment; null where no group is for that age, "
        "and in events before version 1.2.",
    )


class EpisodeStateChanged(IntakeEvent):
    """A stay in the program went on: the first service, a pause, an end of any kind."""

    enrolment_id: UUID
    from_state: EpisodeState
    to_state: EpisodeState
    reason: Token | None = Field(
        description="From the list of discharge reasons, or of holds.", examples=["goals_met"]
    )
    ended: bool = Field(description="The stay is over: seats and plans of it are free.")
    changed_at: datetime


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
    version: ClassVar[str] = "1.1"

    channel: Literal["email", "log"]
    email: str | None
    phone: str | None
    time_zone: str | None = Field(
        description="IANA zone the client stated; null = the site's zone."
    )
    preferred: Literal["email", "sms", "voice"] | None = Field(
        None, description="The way asked for first; null: `channel`. Since version 1.1."
    )
    changed_at: datetime


EVENTS = (
    ReferralReceived,
    ReferralStateChanged,
    ClientsMerged,
    ClientMergeUndone,
    ScreeningCompleted,
    QuestionnaireDue,
    QuestionnaireClosed,
    RiskFlagRaised,
    RiskFlagAcknowledged,
    RiskFlagEscalated,
    LevelOfCareDetermined,
    LevelOfCareSigned,
    DualDiagnosisChanged,
    PreferencesChanged,
    ConsentGranted,
    ConsentRevoked,
    ConsentExpired,
    AuthorizationRunningOut,
    AuthorizationChanged,
    ClientCertified,
    ClientEnrolled,
    EpisodeStateChanged,
    ClientSteppedDown,
    ContactDetailsChanged,
)
