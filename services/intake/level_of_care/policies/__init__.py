"""Level-of-care policies: data with an id, a version, an edition of the dimensions, and a source.

A level is what it offers: clinical hours a week, and whether one lives there. A rating asks for the
same; the least level in the policy's order that offers all of it is recommended.
"""

from functools import cache
from importlib import resources
from typing import Literal

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A part of a policy."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Capability(Part):
    """What a level offers, or a rating asks for."""

    hours: int
    """Clinical hours a week, at least."""
    residential: bool

    def covers(self, need: "Capability") -> bool:
        """Whether everything asked for is offered."""
        return self.hours >= need.hours and (self.residential or not need.residential)


class Level(Part):
    """A level of care."""

    level: str
    name: str
    offers: Capability


class Dimension(Part):
    """A dimension and, for each rating from 0 on, what it asks for."""

    number: str
    name: str
    needs: tuple[Capability | Literal["evaluate"], ...]


class DualDiagnosis(Part):
    """When a client needs a programme for co-occurring disorders."""

    instruments: tuple[str, ...]
    dimension: str
    rating_from: int
    source: str


class LevelOfCarePolicy(Part):
    """One version of a policy."""

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

    def capability(self, level: str) -> Capability:
        """What a level of this policy offers."""
        return next(one.offers for one in self.levels if one.level == level)


@cache
def policies() -> dict[str, LevelOfCarePolicy]:
    """The policy in force for each edition."""
    found = [
        LevelOfCarePolicy.model_validate_json(file.read_text(encoding="utf-8"))
        for file in sorted(resources.files(__package__).iterdir(), key=lambda file: file.name)
        if file.name.endswith(".json")
    ]
    return {policy.edition: policy for policy in found}
