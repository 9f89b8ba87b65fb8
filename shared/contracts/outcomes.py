"""What outcomes tells: how engaged a client is, and whether a less intensive level would do."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.base import ClientEvent, Criterion, PolicyReference
from shared.contracts.intake import RiskSeverity, Token


class EngagementChanged(ClientEvent):
    """The four weeks up to the latest session of a client's latest stay, as sums and runs.

    A derived event: it carries the position it was computed from, the highest position wins, and it
    has no sequence of its own.
    """

    stream: ClassVar[str] = "engagement"
    version: ClassVar[str] = "1.2"

    enrolment_id: UUID | None = Field(
        default=None,
        description="The stay that the figures are of; null where no event named it, and in events "
        "before version 1.1.",
    )
    source_stream: Literal["scheduling"] = "scheduling"
    source_sequence: int = Field(description="Highest sequence of the source that is counted in.")
    window_from: datetime
    window_until: datetime = Field(description="Start of the latest session in the window.")
    sessions_attended: int
    sessions_missed: int = Field(description="Missed without excuse.")
    sessions_excused: int
    attended_minutes: int
    missed_minutes: int = Field(description="Scheduled minutes not attended and not excused.")
    excused_minutes: int
    consecutive_attended: int = Field(description="Sessions attended in a row, up to the latest.")
    consecutive_missed: int = Field(
        description="Sessions missed in a row, up to the latest; excused ones are passed over."
    )
    weeks_observed: int = Field(
        description="Whole weeks between the days, at the site, of the first and the latest "
        "session in the window, + 1."
    )
    cohort_id: UUID | None = Field(
        default=None, description="Of the latest session; since 1.2, as all that follows."
    )
    sessions_late: int | None = Field(
        default=None, description="Attended from later than the site's grace."
    )
    late_minutes: int | None = Field(default=None, description="Beyond the grace, of all of them.")
    last_attended_at: datetime | None = Field(
        default=None, description="Start of the latest session attended in the window."
    )
    days_since_attended: int | None = Field(
        default=None, description="Days at the site from that session to the latest one."
    )
    week_sessions_attended: int | None = Field(
        default=None, description="As `sessions_attended`, of the last seven days of the window."
    )
    week_sessions_missed: int | None = None
    week_sessions_excused: int | None = None
    week_attended_minutes: int | None = None
    week_missed_minutes: int | None = None
    week_excused_minutes: int | None = None


class OutcomesEvent(ClientEvent):
    """An event on the outcomes stream."""

    stream: ClassVar[str] = "outcomes"


RecommendationKind = Literal["step_down", "step_up", "extend"]
Decision = Literal["accept", "defer", "decline"]
DecisionReason = Literal[
    "agrees_with_recommendation",
    "client_preference",
    "clinical_judgement",
    "needs_unmet_elsewhere",
    "payer_or_legal",
]
CourseRiskKind = Literal["return_to_use", "missed_after_high_risk"]


class Verdict(Criterion):
    """A criterion with what it was decided by."""

    figure: Token | None = Field(default=None, examples=["attendance_percent"])
    value: float | None = Field(default=None, description="Null where it is not known.")
    lower: float | None = Field(
        default=None, description="Of the 95 % confidence interval, where there is one."
    )
    upper: float | None = Field(default=None, description="Of the same interval.")
    inputs: dict[str, int] = Field(default_factory=dict, examples=[{"attended": 8, "sessions": 10}])
    as_of: date | None = Field(
        default=None, description="The day at the site of the latest input, where it has one."
    )


class Recommended(OutcomesEvent):
    """What the events of all recommendations say."""

    version: ClassVar[str] = "1.1"

    enrolment_id: UUID
    recommendation_id: UUID
    from_level: str
    to_level: str
    criteria: list[Verdict]
    policy: PolicyReference
    recommended_at: datetime
    missing: list[Token] = Field(
        default_factory=list,
        description="The criteria that are not met for a step-down; since version 1.1.",
    )


class StepDownRecommended(Recommended):
    """Every criterion of the step-down policy is met; a clinician has to decide."""


class StepUpRecommended(Recommended):
    """A more intensive level may be needed; a clinician has to decide."""

    version: ClassVar[str] = "1.0"


class ExtendRecommended(Recommended):
    """The stay has come to its usual length and neither a lower nor a higher level would do; a
    clinician has to decide whether it goes on."""

    version: ClassVar[str] = "1.0"


class RecommendationWithdrawn(OutcomesEvent):
    """A recommendation that nobody had decided on holds no more."""

    enrolment_id: UUID
    recommendation_id: UUID
    kind: RecommendationKind
    reason: Literal["no_longer_met", "superseded"] = Field(
        description="`superseded`: one that goes before it is made at the same time."
    )
    withdrawn_at: datetime


class RecommendationDecided(OutcomesEvent):
    """A clinician accepted, deferred or declined a recommendation of any kind."""

    enrolment_id: UUID
    recommendation_id: UUID
    kind: RecommendationKind
    decision: Decision
    reason: DecisionReason
    until: date | None = Field(description="Of one deferred: the day it is looked at again.")
    to_level: str
    decided_at: datetime


class StepDownDecided(OutcomesEvent):
    """A clinician accepted or declined a recommendation to step down; RecommendationDecided tells
    the same, and of the other kinds too."""

    enrolment_id: UUID
    recommendation_id: UUID
    decision: Literal["accept", "decline"]
    reason: DecisionReason
    from_level: str
    to_level: str
    decided_at: datetime


class MeasureEvent(OutcomesEvent):
    """An event about an instrument that is to be answered in a stay; days are those of the calendar
    at the site."""

    enrolment_id: UUID
    instrument: Token = Field(examples=["phq-9"])
    due_on: date
    overdue_on: date = Field(description="From this day on it is late.")


class MeasureDue(MeasureEvent):
    """An instrument is to be answered from today on."""


class MeasureOverdue(MeasureEvent):
    """An instrument was not answered in time, and still can be."""


class FollowUpDue(OutcomesEvent):
    """So many days after the end of a stay a client is to be asked how they are. The answer page is
    a one-time link of outcomes; whoever does not answer is unknown."""

    enrolment_id: UUID
    follow_up_id: UUID
    days: Literal[30, 90, 180, 365]
    due_on: date = Field(description="By the calendar of the site.")


class CourseRiskEvent(OutcomesEvent):
    """An event about a risk that came out of the course of treatment."""

    risk_id: UUID
    kind: CourseRiskKind
    severity: RiskSeverity


class CourseRiskRaised(CourseRiskEvent):
    """What became known of a client in treatment has to be seen by a clinician; told again with the
    same id when it became more severe."""

    cause: Literal["substance_use_report", "missed_sessions"]
    cause_ids: list[UUID] = Field(
        description="The reports of use; or the risk flag and the sessions missed after it."
    )
    acknowledge_by: datetime = Field(description="Without an acknowledgement it escalates then.")
    raised_at: datetime


class CourseRiskEscalated(CourseRiskEvent):
    """Nobody acknowledged a risk in time: the next people of the site are to be told."""

    version: ClassVar[str] = "1.1"

    step: int = Field(ge=1, description="1 for the first time.")
    escalated_at: datetime
    last: bool = Field(
        default=False, description="Nobody is told after this one; it stays open and overdue."
    )


class CourseRiskAcknowledged(CourseRiskEvent):
    """A clinician took charge of a risk and said what was done."""

    action: Token = Field(examples=["plan_changed"])
    acknowledged_at: datetime


class RiskResolved(OutcomesEvent):
    """A risk is over: one that came out of treatment, or a risk flag of intake."""

    risk_id: UUID = Field(description="Of a risk flag of intake its `flag_id`.")
    origin: Literal["intake", "outcomes"]
    kind: Token
    resolution: Token = Field(examples=["no_longer_present"])
    resolved_at: datetime


DisengagementFigure = Literal[
    "missed_percent",
    "week_missed_percent",
    "consecutive_missed",
    "days_since_attended",
    "late_percent",
]
"""What a score of disengagement is made of."""


class DisengagementFactor(BaseModel):
    """One part of a score of disengagement: what was found, and how much it counts."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: DisengagementFigure
    weight: int = Field(description="What it counts at most.", examples=[30])
    value: float | None = Field(
        description="The figure, to a tenth; null where it is not known and counts nothing.",
        examples=[2],
    )
    points: float = Field(description="What it counts, to a tenth.", examples=[20])


class DisengagementRiskRaised(OutcomesEvent):
    """A stay seems likely to break off: its score reached the policy's threshold.

    It is raised anew only after the score was as low as the policy asks for.
    """

    enrolment_id: UUID
    score: int = Field(description="From 0 to 100: the points of all factors.")
    threshold: int
    factors: list[DisengagementFactor]
    policy: PolicyReference
    raised_at: datetime


EVENTS = (
    EngagementChanged,
    StepDownRecommended,
    StepDownDecided,
    MeasureDue,
    MeasureOverdue,
    FollowUpDue,
    StepUpRecommended,
    ExtendRecommended,
    RecommendationWithdrawn,
    RecommendationDecided,
    CourseRiskRaised,
    CourseRiskEscalated,
    CourseRiskAcknowledged,
    RiskResolved,
    DisengagementRiskRaised,
)
