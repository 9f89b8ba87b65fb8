"""The data on hours, read once from `kinds.json` and `levels.json`."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.scheduling import SessionKind

Population = Literal["adult", "adolescent"]
PROGRAM_LEVEL = "2.1"
"""The level of care that this service plans weeks for."""


class Part(BaseModel):
    """A part of a policy file; unknown names are refused, so that a typing error is noticed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Kind(Part):
    """What a kind of session is worth."""

    counts_toward_level_hours: bool
    min_minutes_for_credit: int = Field(ge=0)


class Kinds(Part):
    """All kinds of sessions."""

    id: str
    version: str
    source: str
    kinds: Mapping[SessionKind, Kind]

    @property
    def counting(self) -> list[SessionKind]:
        """The kinds that count towards the hours of a level."""
        return [name for name, kind in self.kinds.items() if kind.counts_toward_level_hours]


class LevelHours(Part):
    """The least planned minutes a week of each level, for one population."""

    source: str
    minimum_minutes: Mapping[str, int]


class Levels(Part):
    """The levels' hours for each population."""

    id: str
    version: str
    populations: Mapping[Population, LevelHours]


@cache
def session_kinds() -> Kinds:
    """The kinds in force."""
    return Kinds.model_validate_json(_text("kinds.json"))


@cache
def level_hours() -> Levels:
    """The levels' hours in force."""
    return Levels.model_validate_json(_text("levels.json"))


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
