"""What answers about hours look like."""

from uuid import UUID

from pydantic import Field

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
    level: str = Field(description="The level the week is checked against.", examples=["2.1"])
    minimum_minutes: int = Field(description="What the level asks for.", examples=[540])
    meets_level_minimum: bool = Field(description="By the planned minutes.")
    level_of_planned_minutes: str | None = Field(
        description="The level that the planned minutes make; null below all.", examples=["2.1"]
    )
    policy_version: str
    source: str = Field(description="Where the minimum comes from.")
