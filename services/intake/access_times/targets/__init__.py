"""Targets of access, as data with a version."""

from functools import cache
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.intake.access_times.rules import Target
from shared.datafiles import read_all


class Part(BaseModel):
    """A part of the targets."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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
    sites: dict[UUID, Days]

    def at(self, site_id: UUID | None) -> dict[str, Target]:
        """The targets of a site, by what is measured; of None those of a site without its own."""
        days = self.sites.get(site_id, self.default) if site_id else self.default
        return {
            measure: Target(count, self.first_day_counts)
            for measure, count in days.model_dump().items()
        }


@cache
def targets() -> Targets:
    """The targets in force."""
    return read_all(Targets, __name__, "access_times")["targets"]


targets()
