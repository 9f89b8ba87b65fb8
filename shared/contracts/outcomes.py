"""What outcomes tells: how engaged a client is, and whether a less intensive level would do."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.base import ClientEvent, Criterion, PolicyReference


class EngagementChanged(ClientEvent):
    """The four weeks up to the latest session of a client's latest stay, as sums and runs.

    A derived event: it carries the position it was computed from, the highest position wins, and it
    has no sequence of its own.
    """

    stream: ClassVar[str] = "engagement"
    version: ClassVar[str] = "1.1"

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


class OutcomesEvent(ClientEvent):
    """An event on the outcomes stream."""

    stream: ClassVar[str] = "outcomes"


class StepDownRecommended(OutcomesEvent):
    """Every criterion of the step-down policy is met; a clinician has to decide."""

    enrolment_id: UUID
    recommendation_id: UUID
    from_level: str
    to_level: str
    criteria: list[Criterion]
    policy: PolicyReference
    recommended_at: datetime


class StepDownDecided(OutcomesEvent):
    """A clinician decided on a recommendation."""

    enrolment_id: UUID
    recommendation_id: UUID
    decision: Literal["accept", "decline"]
    reason: Literal[
        "agrees_with_recommendation",
        "client_preference",
        "clinical_judgement",
        "needs_unmet_elsewhere",
        "payer_or_legal",
    ]
    from_level: str
    to_level: str
    decided_at: datetime


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


class FollowUpDue(OutcomesEvent):
    """So many days after the end of a stay a client is to be asked how they are. The answer page is
    a one-time link of outcomes; whoever does not answer is unknown."""

    enrolment_id: UUID
    follow_up_id: UUID
    days: Literal[30, 90, 180, 365]
    due_on: date = Field(description="By the calendar of the site.")


EVENTS = (
    EngagementChanged,
    StepDownRecommended,
    StepDownDecided,
    DisengagementRiskRaised,
    FollowUpDue,
)
