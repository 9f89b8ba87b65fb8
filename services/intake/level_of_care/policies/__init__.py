"""Level-of-care policies: data with an id, a version, an edition of the dimensions, and a source.

A level is what it offers: clinical hours a week, whether one lives there, and the medical and
psychiatric care that comes with it. A rating asks for the same; the least level in the policy's
order that offers all of it is recommended.
"""

from collections.abc import Iterable
from functools import cache
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.contracts.intake import Instrument
from shared.datafiles import read_all

Medical = Literal["none", "managed", "inpatient"]
MEDICAL: tuple[Medical, ...] = ("none", "managed", "inpatient")
"""From the least to the most; each offers what those before it offer."""


class Part(BaseModel):
    """A part of a policy."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Capability(Part):
    """What a level offers, or a rating asks for."""

    hours: int = Field(ge=0)
    """Clinical hours a week, at least."""
    residential: bool
    medical: Medical = "none"
    """Who is at hand: nobody, a physician who manages withdrawal and illness, a hospital."""
    co_occurring_enhanced: bool = False
    """Full mental health care within the program."""
    biomedically_enhanced: bool = False
    """Full medical care within the program."""

    def covers(self, need: "Capability") -> bool:
        """Whether everything asked for is offered."""
        return self == self.joined(need)

    def joined(self, other: "Capability") -> "Capability":
        """The least that covers both."""
        return Capability(
            hours=max(self.hours, other.hours),
            residential=self.residential or other.residential,
            medical=max(self.medical, other.medical, key=MEDICAL.index),
            co_occurring_enhanced=self.co_occurring_enhanced or other.co_occurring_enhanced,
            biomedically_enhanced=self.biomedically_enhanced or other.biomedically_enhanced,
        )


NOTHING = Capability(hours=0, residential=False)


class Level(Part):
    """A level of care."""

    level: str
    name: str
    offers: Capability


class Dimension(Part):
    """A dimension and, for each rating from 0 on, what it asks for."""

    number: str
    name: str
    needs: tuple[Capability | Literal["evaluate"], ...] = Field(min_length=1)


class DualDiagnosis(Part):
    """When a client needs a programme for co-occurring disorders."""

    instruments: tuple[Instrument, ...]
    dimension: str
    rating_from: int
    source: str


class LevelOfCarePolicy(Part):
    """One version of a policy. One that cannot decide about every rating is refused when read."""

    id: str
    version: str
    edition: Literal["3", "4"]
    status: str
    source: str
    min_age: int
    levels: tuple[Level, ...]
    program_level: str
    """The level that this provider's intensive outpatient program is."""
    dimensions: tuple[Dimension, ...]
    dual_diagnosis: DualDiagnosis

    @model_validator(mode="after")
    def decides_about_everything(self) -> Self:
        for names in ([d.number for d in self.dimensions], [one.level for one in self.levels]):
            if len(set(names)) < len(names):
                raise ValueError("A dimension or a level is there twice.")
        if self.program_level not in {one.level for one in self.levels}:
            raise ValueError("The program's level is none of the levels.")
        if self.dual_diagnosis.dimension not in {one.number for one in self.dimensions}:
            raise ValueError("The dual-diagnosis rule names none of the dimensions.")
        most = NOTHING
        for need in (need for one in self.dimensions for need in one.needs):
            most = most if isinstance(need, str) else most.joined(need)
        if not any(one.offers.covers(most) for one in self.levels):
            raise ValueError("No level covers the highest needs of all dimensions together.")
        return self

    def capability(self, level: str) -> Capability:
        """What a level of this policy offers."""
        return next(one.offers for one in self.levels if one.level == level)


def by_edition(found: Iterable[LevelOfCarePolicy]) -> dict[str, LevelOfCarePolicy]:
    """The policy in force for each edition.

    Raises:
        ValueError: two policies are for one edition, so that it is open which one decides.
    """
    known: dict[str, LevelOfCarePolicy] = {}
    for policy in found:
        if policy.edition in known:
            raise ValueError(f"Two level-of-care policies are for edition {policy.edition}.")
        known[policy.edition] = policy
    return known


@cache
def policies() -> dict[str, LevelOfCarePolicy]:
    """The policy in force for each edition."""
    return by_edition(read_all(LevelOfCarePolicy, __package__, "level_of_care").values())


policies()  # read at once, so that a policy that cannot decide keeps the service from starting
