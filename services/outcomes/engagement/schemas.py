"""What answers about engagement look like."""

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
