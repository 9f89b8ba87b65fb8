"""What answers about hours look like."""

from uuid import UUID

from pydantic import BaseModel, Field

from services.scheduling.hours.policy import Population
from services.scheduling.hours.rules import Standing, Told
from shared.web import Instant, Shown, described


class AskedHours(BaseModel):
    """Which week of a client is shown, and by whose rule."""

    week: str | None = described(
        "ISO week; without it this one.", "2026-W10", default=None, max_length=8
    )
    population: Population | None = described(
        "Whose rule of hours applies; without it by the cohort.", default=None
    )


class WeeklyHours(Shown):
    """One client's week: what was planned and what was attended, both less breaks."""

    client_id: UUID
    site_id: UUID
    week: str = described("ISO week.", "2026-W10")
    time_zone: str = described("The site's zone, whose calendar the week follows.")
    starts_at: Instant
    ends_at: Instant
    sessions: int = described("Sessions planned that count.", 3)
    planned_minutes: int = Field(examples=[540])
    attended_minutes: int = Field(examples=[360])
    makeup_minutes: int = described("Of these, made up for missed ones.", 0)
    open_minutes: int = described("Planned, and nothing recorded yet.", 180)
    planned_days: int = described("Days with a session.", 3)
    attended_days: int = described("Days with credited minutes.", 2)
    population: Population = described("By the cohort, unless one is asked for.")
    phase: int = described("The phase of the cohort, from 1 on.", 1)
    phase_minimum_minutes: int = described("What the phase asks for.", 540)
    phase_maximum_minutes: int | None = Field(examples=[1140])
    phase_minimum_days: int = described("Treatment days.", 3)
    level: str = described("The level the week is checked against.", "2.1")
    minimum_minutes: int = described("What the level asks for.", 540)
    meets_level_minimum: bool = described("By the planned minutes.")
    level_of_planned_minutes: str | None = described(
        "The level that the planned minutes make; null below all.", "2.1"
    )
    policy_version: str
    source: str = described("Where the minimum comes from.")


class ClientWeek(Shown):
    """How one client's week stands: what is planned, credited and still to come, less breaks."""

    client_id: UUID
    placement_id: UUID
    cohort_id: UUID
    phase: int = described("The phase of the cohort, from 1 on.", 1)
    week: str = described("ISO week.", "2026-W10")
    sessions: int = described("Sessions planned that count.", 3)
    planned_minutes: int = Field(examples=[540])
    attended_minutes: int = described("Credited.", 180)
    makeup_minutes: int = described("Of these, made up for missed ones.", 0)
    open_minutes: int = described("Planned, and nothing recorded yet.", 180)
    forecast_minutes: int = described("Credited and open.", 360)
    planned_days: int = Field(examples=[3])
    attended_days: int = Field(examples=[1])
    forecast_days: int = Field(examples=[2])
    minimum_minutes: int = described("What this week is judged by.", 540)
    maximum_minutes: int | None = Field(examples=[1140])
    minimum_days: int = Field(examples=[3])
    standing: Standing = Field(examples=["at_risk"])
    missing_minutes: int = Field(examples=[180])
    missing_days: int = Field(examples=[1])
    over_maximum: bool = described("More is planned than the phase or level allows.")
    told: Told = described("What was told by event and not taken back.")
