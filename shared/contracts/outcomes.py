"""What outcomes tells: how engaged a client is, and whether a less intensive level would do."""

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.base import ClientEvent, Criterion, PolicyReference

Token = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,59}$")]
"""A word from a data file, such as the id of an instrument; never free text."""


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


EVENTS = (
    EngagementChanged,
    StepDownRecommended,
    StepDownDecided,
    MeasureDue,
    MeasureOverdue,
    FollowUpDue,
)
