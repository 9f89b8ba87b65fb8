"""Targets of access, as data with a version."""

from pydantic import Field

from services.intake.access_times.rules import Target
from shared.datafiles import Part, data_file


class Days(Part):
    """Within how many days."""

    first_screening: int = Field(ge=1, le=366)
    first_service: int = Field(ge=1, le=366)


class Targets(Part):
    """One version of the targets."""

    version: int = Field(ge=1)
    source: str = Field(min_length=1)
    first_day_counts: bool
    """Whether the day on which the clock starts is the first of the days."""
    soon_days: int = Field(2, ge=0, le=366)
    """How many days before its last day a clock is told to run out soon."""
    default: Days

    @property
    def by_measure(self) -> dict[str, Target]:
        """The targets by what is measured."""
        return {
            measure: Target(count, self.first_day_counts)
            for measure, count in self.default.model_dump().items()
        }


targets = data_file(Targets, __name__, "targets", by_site=True)
"""The targets in force."""
