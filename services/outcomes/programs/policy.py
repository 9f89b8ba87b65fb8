"""Definitions of program measures: one file with a version, in which each says what it counts."""

from collections.abc import Mapping
from typing import Self

from pydantic import Field, model_validator

from services.outcomes.follow_up.policy import survey
from services.outcomes.measures.policy import TOTAL, MeasurePolicy, ReliableChange, measure_policy
from shared.contracts.intake import Token
from shared.contracts.scheduling import EndedAs
from shared.datafiles import DataFile, Part, data_file

TAKES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "census": ((), ()),
    "referrals": ((), ()),
    "first_service": (("within_days",), ()),
    "initiation": (("within_days", "look_back_days"), ()),
    "engagement": (("within_days", "look_back_days", "further_services", "further_days"), ()),
    "attendance": ((), ()),
    "retention": ((), ("late_entry", "excluded_ends")),
    "ends": ((), ("late_entry", "excluded_ends")),
    "retained": (("within_days",), ("active_days", "excluded_ends")),
    "discharges": ((), ()),
    "reasons": ((), ()),
    "discharge_share": (("ends",), ("excluded_ends",)),
    "reliable_change": (("instrument",), ("series",)),
    "returned": (("within_days",), ("excluded_ends",)),
    "follow_up": (("within_days",), ()),
    "answer": (("within_days", "question"), ()),
}
"""The kinds, each with the parameters that its definition must have, and those that it may."""
PARAMETERS = {name for of_kind in TAKES.values() for names in of_kind for name in names}


class ProgramMeasure(Part):
    """One measure, in words and in parameters."""

    id: Token
    name: str = Field(min_length=1)
    kind: Token
    numerator: str = Field(min_length=1)
    denominator: str = Field(min_length=1)
    period: str = Field(min_length=1)
    """What of a case must lie in the period asked for."""
    censoring: str = Field(min_length=1)
    """What is not known yet, and how that counts."""
    exclusions: str = Field(min_length=1)
    source: str = Field(min_length=1)
    classes: Mapping[Token, str] = Field(min_length=1)
    """Every case is in one of them; the share is that of the first."""

    within_days: int | None = Field(None, ge=1, le=3660)
    further_services: int | None = Field(None, ge=1)
    further_days: int | None = Field(None, ge=1, le=366)
    look_back_days: int | None = Field(None, ge=0, le=3660)
    active_days: int | None = Field(None, ge=1, le=366)
    ends: tuple[EndedAs, ...] = ()
    excluded_ends: tuple[EndedAs, ...] = ()
    late_entry: bool = False
    instrument: Token | None = None
    series: Token | None = None
    """A subscale of the instrument; None: its total."""
    question: Token | None = None

    @model_validator(mode="after")
    def can_be_counted(self) -> Self:
        if self.kind not in TAKES:
            raise ValueError(f"{self.id} is of no known kind: use {', '.join(TAKES)}.")
        needs, may = TAKES[self.kind]
        given = {name for name in PARAMETERS if getattr(self, name)}
        if missing := sorted(set(needs) - given):
            raise ValueError(f"{self.id} needs {', '.join(missing)}.")
        if useless := sorted(given - {*needs, *may}):
            raise ValueError(f"{self.id} has no use for {', '.join(useless)}.")
        if both := set(self.ends) & set(self.excluded_ends):
            raise ValueError(f"{self.id} counts and leaves out {', '.join(sorted(both))}.")
        if self.question is not None and self.question not in survey().by_id:
            raise ValueError(f"{self.id} names a question that the survey does not ask.")
        if self.instrument is not None and self.reliable_change_in(measure_policy()) is None:
            raise ValueError(f"{self.id}: the measure policy calls no change of this reliable.")
        return self

    def reliable_change_in(self, policy: MeasurePolicy) -> ReliableChange | None:
        """When a change of what is measured is reliable, by a measure policy."""
        measure = policy.measures.get(self.instrument or "")
        series = None if measure is None else measure.series.get(self.series or TOTAL)
        return None if series is None else series.reliable_change


class Measures(DataFile):
    """One version of all definitions."""

    smallest_cell: int = Field(ge=2, description="Numbers below it are hidden.")
    curve_days: tuple[int, ...] = Field(min_length=1)
    """The days on which curves are shown."""
    measures: tuple[ProgramMeasure, ...]

    @property
    def by_id(self) -> Mapping[str, ProgramMeasure]:
        """The measures by their ids."""
        return {measure.id: measure for measure in self.measures}

    @model_validator(mode="after")
    def each_is_there_once(self) -> Self:
        if len(self.by_id) != len(self.measures):
            raise ValueError("A measure is defined twice.")
        if sorted(set(self.curve_days)) != list(self.curve_days):
            raise ValueError("curve_days must go up.")
        return self


measures = data_file(Measures, __name__, "measures", by_site=True)
"""The definitions in force."""
