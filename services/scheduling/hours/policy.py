"""The data on hours, read once from `kinds.json`, `levels.json` and `weeks.yaml`."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from shared.contracts.scheduling import SessionKind
from shared.datafiles import DataFile, Part, data_file

Population = Literal["adult", "adolescent"]
PROGRAM_LEVEL = "2.1"
"""The level of care that this service plans weeks for."""


class Kind(Part):
    """What a kind of session is worth."""

    counts_toward_level_hours: bool
    min_minutes_for_credit: int = Field(ge=0)


class Kinds(DataFile):
    """All kinds of sessions."""

    kinds: Mapping[SessionKind, Kind]

    @property
    def counting(self) -> list[SessionKind]:
        """The kinds that count towards the hours of a level."""
        return [name for name, kind in self.kinds.items() if kind.counts_toward_level_hours]


class LevelHours(Part):
    """The planned minutes a week of each level, at least and at most, for one population."""

    source: str
    minimum_minutes: Mapping[str, int]
    maximum_minutes: Mapping[str, int] = Field(default_factory=dict)
    minimum_days: Mapping[str, int] = Field(default_factory=dict)
    """Treatment days a week; none are asked for where a level is not named."""


class Levels(Part):
    """The levels' hours for each population."""

    id: str
    version: str
    populations: Mapping[Population, LevelHours]


PartOfAWeek = Literal["not_judged", "prorated"]


class WeekPolicy(DataFile):
    """When a week is forecast, warned of and settled, and which weeks are judged."""

    warn_days_before_start: int = Field(ge=0, le=28)
    last_warning_days_before_end: int = Field(ge=0, le=6)
    final_after_hours: int = Field(ge=0, le=14 * 24)
    stay_began_or_ended: PartOfAWeek
    on_hold: PartOfAWeek


session_kinds = data_file(Kinds, __name__, "kinds", by_site=True)
"""The kinds in force, everywhere or at a site."""


level_hours = data_file(Levels, __name__, "levels", by_site=True)
"""The levels' hours in force, everywhere or at a site."""


week_policy = data_file(WeekPolicy, __name__, "weeks", by_site=True)
"""How weeks are watched, everywhere or at a site."""
