"""What answers about engagement look like."""

from uuid import UUID

from pydantic import Field

from shared.web import Instant, Shown


class Engagement(Shown):
    """Engagement in a stay, in its four weeks up to the latest session."""

    source_sequence: int = Field(description="The latest attendance event that is counted in.")
    window_from: Instant
    window_until: Instant
    sessions_attended: int = Field(examples=[11])
    sessions_missed: int = Field(description="Without excuse.", examples=[1])
    sessions_excused: int = Field(examples=[0])
    attended_minutes: int = Field(description="Credited minutes.", examples=[1815])
    missed_minutes: int = Field(examples=[165])
    excused_minutes: int = Field(examples=[0])
    consecutive_attended: int = Field(examples=[5])
    consecutive_missed: int = Field(examples=[0])
    weeks_observed: int = Field(examples=[3])
    cohort_id: UUID | None = Field(
        description="Of the latest session; null, as all that follows, in figures of before it was "
        "told."
    )
    sessions_late: int | None = Field(description="Beyond the site's grace.", examples=[2])
    late_minutes: int | None = Field(examples=[25])
    last_attended_at: Instant | None = Field(description="Null too where none was attended.")
    days_since_attended: int | None = Field(
        description="Days at the site from then to the latest session.", examples=[0]
    )
    week_sessions_attended: int | None = Field(
        description="In the last seven days of the window.", examples=[3]
    )
    week_sessions_missed: int | None = Field(examples=[0])
    week_sessions_excused: int | None = Field(examples=[0])
    week_attended_minutes: int | None = Field(examples=[495])
    week_missed_minutes: int | None = Field(examples=[0])
    week_excused_minutes: int | None = Field(examples=[0])


class GroupEngagement(Shown):
    """Engagement of all whose stay goes on at a site, or in a cohort, as sums."""

    site_id: UUID
    cohort_id: UUID | None = Field(
        description="Null for the site as a whole, and for clients whose cohort is not known."
    )
    whole_site: bool
    clients: int = Field(description="With a session that counts.", examples=[12])
    sessions_attended: int = Field(examples=[120])
    sessions_missed: int = Field(examples=[14])
    sessions_excused: int = Field(examples=[4])
    attended_minutes: int = Field(description="Credited minutes.", examples=[19800])
    planned_minutes: int = Field(
        description="Attended, missed and excused: what they are held against.", examples=[22770]
    )
    sessions_late: int = Field(examples=[7])
    week_attended_minutes: int = Field(
        description="In the last seven days of each one's window.", examples=[4950]
    )
    week_planned_minutes: int = Field(examples=[5940])


class EngagementSummary(Shown):
    """Engagement by site and cohort."""

    groups: list[GroupEngagement] = Field(description="Each site as a whole, then its cohorts.")
