"""What answers about hours look like."""

from uuid import UUID

from pydantic import Field

from services.scheduling.hours.policy import Population
from services.scheduling.hours.rules import Standing, Told
from shared.web import Instant, Shown


class WeeklyHours(Shown):
    """One client's week: what was planned and what was attended, both less breaks."""

    client_id: UUID
    site_id: UUID
    week: str = Field(description="ISO week.", examples=["2026-W10"])
    time_zone: str = Field(description="The site's zone, whose calendar the week follows.")
    starts_at: Instant
    ends_at: Instant
    sessions: int = Field(description="Sessions planned that count.", examples=[3])
    planned_minutes: int = Field(examples=[540])
    attended_minutes: int = Field(examples=[360])
    makeup_minutes: int = Field(description="Of these, made up for missed ones.", examples=[0])
    open_minutes: int = Field(description="Planned, and nothing recorded yet.", examples=[180])
    planned_days: int = Field(description="Days with a session.", examples=[3])
    attended_days: int = Field(description="Days with credited minutes.", examples=[2])
    population: Population = Field(description="By the cohort, unless one is asked for.")
    phase: int = Field(description="The phase of the cohort, from 1 on.", examples=[1])
    phase_minimum_minutes: int = Field(description="What the phase asks for.", examples=[540])
    phase_maximum_minutes: int | None = Field(examples=[1140])
    phase_minimum_days: int = Field(description="Treatment days.", examples=[3])
    level: str = Field(description="The level the week is checked against.", examples=["2.1"])
    minimum_minutes: int = Field(description="What the level asks for.", examples=[540])
    meets_level_minimum: bool = Field(description="By the planned minutes.")
    level_of_planned_minutes: str | None = Field(
        description="The level that the planned minutes make; null below all.", examples=["2.1"]
    )
    policy_version: str
    source: str = Field(description="Where the minimum comes from.")


class ClientWeek(Shown):
    """How one client's week stands: what is planned, credited and still to come, less breaks."""

    client_id: UUID
    placement_id: UUID
    cohort_id: UUID
    phase: int = Field(description="The phase of the cohort, from 1 on.", examples=[1])
    week: str = Field(description="ISO week.", examples=["2026-W10"])
    sessions: int = Field(description="Sessions planned that count.", examples=[3])
    planned_minutes: int = Field(examples=[540])
    attended_minutes: int = Field(description="Credited.", examples=[180])
    makeup_minutes: int = Field(description="Of these, made up for missed ones.", examples=[0])
    open_minutes: int = Field(description="Planned, and nothing recorded yet.", examples=[180])
    forecast_minutes: int = Field(description="Credited and open.", examples=[360])
    planned_days: int = Field(examples=[3])
    attended_days: int = Field(examples=[1])
    forecast_days: int = Field(examples=[2])
    minimum_minutes: int = Field(description="What this week is judged by.", examples=[540])
    maximum_minutes: int | None = Field(examples=[1140])
    minimum_days: int = Field(examples=[3])
    standing: Standing = Field(examples=["at_risk"])
    missing_minutes: int = Field(examples=[180])
    missing_days: int = Field(examples=[1])
    over_maximum: bool = Field(description="More is planned than the phase or level allows.")
    told: Told = Field(description="What was told by event and not taken back.")
