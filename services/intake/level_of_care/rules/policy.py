"""A level-of-care policy: what each rating asks for, what each level offers, and in which order.

Nothing of it is in the code. One that cannot decide about every combination of ratings, or by which
a higher rating could lead to a lower level, is refused when read.
"""

from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from services.intake.level_of_care.rules.capability import NOTHING, Capability
from services.intake.level_of_care.rules.needs import WhenResidential, covers, joined
from shared.contracts.intake import RiskKind, RiskSeverity, Token
from shared.datafiles import Part

Edition = Literal["3", "4"]
Kind = Literal[
    "early_intervention",
    "outpatient",
    "intensive_outpatient",
    "high_intensity_outpatient",
    "residential",
    "withdrawal_management",
    "inpatient",
]
"""A level in words that do not depend on the edition."""
Number = Annotated[str, Field(pattern=r"^[1-9][0-9]?[a-z]?$", examples=["3"])]
Words = Annotated[str, Field(min_length=1, max_length=1000)]


class Hours(Part):
    """Clinical hours a week."""

    min: int = Field(ge=0, le=168, examples=[9])
    max: int | None = Field(None, ge=0, le=168, examples=[19])

    @model_validator(mode="after")
    def in_order(self) -> Self:
        if self.max is not None and self.max < self.min:
            raise ValueError("The most hours are fewer than the least.")
        return self


class Offers(Part):
    """What a level offers beside its hours; see `Capability`."""

    residential: bool = False
    medical: Literal["none", "managed", "inpatient"] = Field("none", examples=["none"])
    withdrawal_management: bool = False
    co_occurring_enhanced: bool = False
    biomedically_enhanced: bool = False


class Level(Part):
    """A level of care, by its number in the edition."""

    level: Token = Field(examples=["2.1"])
    name: Words = Field(examples=["intensive outpatient"])
    kind: Kind = Field(examples=["intensive_outpatient"])
    hours: Hours
    offers: Offers = Offers()

    @cached_property
    def capability(self) -> Capability:
        """What the level offers, with the hours that it gives at least."""
        return Capability(hours=self.hours.min, **dict(self.offers))


class Risk(Part):
    """A risk that a clinician has to see at once; for each rating from 0 on, how severe it is."""

    kind: RiskKind = Field(examples=["withdrawal_risk"])
    severities: tuple[RiskSeverity | None, ...] = Field(
        max_length=10, examples=[[None, None, None, "moderate", "high"]]
    )


class Dimension(Part):
    """A dimension and, for each rating from 0 on, what it asks for.

    One that does not set the level names `considerations` instead: what a rating means for the
    level that is agreed with the client in the end.
    """

    number: Number
    name: Words = Field(examples=["recovery environment"])
    needs: tuple[Capability | Literal["evaluate"], ...] = Field((), max_length=10)
    considerations: tuple[Words, ...] = Field((), max_length=10)
    risk: Risk | None = Field(None, examples=[None])

    @property
    def sets_level(self) -> bool:
        """Whether the recommendation rests on it."""
        return bool(self.needs)

    @property
    def ratings(self) -> int:
        """How many ratings there are, from 0 on."""
        return len(self.needs) or len(self.considerations)

    @field_validator("needs")
    @classmethod
    def never_less(cls, needs: tuple[Capability | str, ...]) -> tuple[Capability | str, ...]:
        before = NOTHING
        for rating, need in enumerate(needs):
            if isinstance(need, Capability):
                if not covers(need, before):
                    raise ValueError(f"Rating {rating} asks for less than a lower rating.")
                before = need
        return needs

    @model_validator(mode="after")
    def one_or_the_other(self) -> Self:
        if bool(self.needs) == bool(self.considerations):
            raise ValueError("Give needs, or considerations where it does not set the level.")
        if self.risk is not None and len(self.risk.severities) != self.ratings:
            raise ValueError(f"Give a severity, or null, for each of the {self.ratings} ratings.")
        return self


class DualDiagnosis(Part):
    """When a client needs a program for co-occurring disorders."""

    instruments: tuple[Token, ...] = Field(min_length=1, max_length=20, examples=[["phq-9"]])
    dimension: Number = Field(examples=["1"])
    rating_from: int = Field(ge=0, le=9, examples=[1])
    source: Words = Field(examples=["Default of this platform"])


class ComparableOutcomes(Part):
    """A statement that holds only under its condition: both are shown, or neither."""

    statement: Words = Field(examples=["Outcomes are comparable to residential treatment."])
    condition: Words = Field(examples=["For clients with minimal risk only."])
    source: Words = Field(examples=["SAMHSA 2021"])
    for_kinds: tuple[Kind, ...] = Field(min_length=1, examples=[["intensive_outpatient"]])
    """The kinds of recommended levels that it is about."""
    at_most: dict[str, Annotated[int, Field(ge=0, le=9)]] = Field(min_length=1, examples=[{"1": 1}])
    """The condition in ratings: dimension and the highest rating that is still minimal risk."""


EXAMPLE_LEVELS = [
    {"level": "1", "name": "outpatient", "kind": "outpatient", "hours": {"min": 1, "max": 8}},
    {
        "level": "2.1",
        "name": "intensive outpatient",
        "kind": "intensive_outpatient",
        "hours": {"min": 9, "max": 19},
    },
]
EXAMPLE_DIMENSIONS = [
    {"number": "1", "name": "recovery environment", "needs": [{"hours": 1}, {"hours": 9}]}
]


def _twice(names: list[str]) -> str | None:
    return next((name for name in names if names.count(name) > 1), None)


class LevelOfCarePolicy(Part):
    """One version of a policy for one edition of the dimensions."""

    id: Token = Field(examples=["our-adults"])
    version: Token = Field(examples=["3"])
    edition: Edition = Field(examples=["3"])
    status: Words = Field(examples=["Approved by the clinical lead"])
    source: Words = Field(examples=["Our own criteria"])
    min_age: int = Field(ge=0, le=120, examples=[18])
    when_residential: WhenResidential = Field("join_all", examples=["join_all"])
    levels: tuple[Level, ...] = Field(min_length=1, max_length=50, examples=[EXAMPLE_LEVELS])
    """From the least intensive to the most."""
    program_level: Token = Field(examples=["2.1"])
    """The level that this provider's intensive outpatient program is."""
    dimensions: tuple[Dimension, ...] = Field(
        min_length=1, max_length=20, examples=[EXAMPLE_DIMENSIONS]
    )
    dual_diagnosis: DualDiagnosis
    comparable_to_residential: ComparableOutcomes | None = Field(None, examples=[None])

    @field_validator("levels")
    @classmethod
    def in_an_order(cls, levels: tuple[Level, ...], given: ValidationInfo) -> tuple[Level, ...]:
        if name := _twice([one.level for one in levels]):
            raise ValueError(f"Level {name} is there twice.")
        for place, one in enumerate(levels):
            for lower in levels[:place]:
                if covers(lower.capability, one.capability):
                    raise ValueError(
                        f"Level {one.level} is never recommended: {lower.level} before it "
                        "offers all of it."
                    )
        residences = [one.offers.residential for one in levels]
        joins = given.data.get("when_residential", "join_all") == "join_all"
        if not joins and residences != sorted(residences):
            raise ValueError("Where residence settles needs, residential levels come last.")
        return levels

    @field_validator("program_level")
    @classmethod
    def is_a_level(cls, name: str, given: ValidationInfo) -> str:
        if "levels" in given.data and name not in {one.level for one in given.data["levels"]}:
            raise ValueError("The program's level is none of the levels.")
        return name

    @field_validator("dimensions")
    @classmethod
    def decide_about_everything(
        cls, dimensions: tuple[Dimension, ...], given: ValidationInfo
    ) -> tuple[Dimension, ...]:
        if name := _twice([one.number for one in dimensions]):
            raise ValueError(f"Dimension {name} is there twice.")
        if not any(one.sets_level for one in dimensions):
            raise ValueError("No dimension sets the level.")
        most = joined(
            need for one in dimensions for need in one.needs if isinstance(need, Capability)
        )
        levels: tuple[Level, ...] = given.data.get("levels", ())
        if levels and not any(covers(one.capability, most) for one in levels):
            raise ValueError("No level covers the highest needs of all dimensions together.")
        return dimensions

    @field_validator("dual_diagnosis", "comparable_to_residential")
    @classmethod
    def names_dimensions(cls, rule: Any, given: ValidationInfo) -> Any:
        known = {one.number for one in given.data.get("dimensions", ())}
        named = set(rule.at_most) if isinstance(rule, ComparableOutcomes) else set()
        if isinstance(rule, DualDiagnosis):
            named = {rule.dimension}
        if known and not named <= known:
            raise ValueError("It names a dimension that is not there.")
        return rule

    def named(self, level: str) -> Level:
        """A level of this policy."""
        return next(one for one in self.levels if one.level == level)

    def place_of(self, level: str) -> int | None:
        """Where a level stands from the least intensive on; None for none of this policy."""
        return next((n for n, one in enumerate(self.levels) if one.level == level), None)
