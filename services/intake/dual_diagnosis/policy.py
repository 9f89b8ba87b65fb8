"""The shape of a dual-diagnosis policy."""

from functools import cached_property
from typing import Annotated, Self

from pydantic import Field, model_validator

from shared.contracts.intake import Token, TrackNeed
from shared.datafiles import Part, data_file

Category = Annotated[str, Field(pattern=r"^[A-Z][0-9][0-9AB]$", examples=["F10"])]
"""The first three characters of an ICD-10-CM code."""
Words = Annotated[str, Field(min_length=1, max_length=1000)]


class Codes(Part):
    """Diagnoses of a range of categories, both ends included."""

    from_: Category = Field(alias="from")
    to: Category

    @model_validator(mode="after")
    def in_order(self) -> Self:
        if self.to < self.from_:
            raise ValueError("The range ends before it begins.")
        return self


class Findings(Part):
    """What counts: positive screens of these instruments, present diagnoses of these codes."""

    screens: tuple[Token, ...] = Field((), max_length=50)
    diagnoses: tuple[Codes, ...] = Field((), max_length=50)


class NeedRule(Findings):
    """When a client's track has to offer something; one of the conditions is enough."""

    need: TrackNeed
    always: bool = False
    bands: dict[Token, tuple[str, ...]] = Field(default_factory=dict, max_length=50)
    """Bands by instrument."""
    psychotropic_medication: bool = False
    """Psychotropic medication noted with a present diagnosis."""


class DualDiagnosisPolicy(Part):
    """One version of the policy."""

    id: Token
    version: Token
    status: Words
    source: Words
    substance_use: Findings
    mental_health: Findings
    needs: tuple[NeedRule, ...] = Field(max_length=20)

    @model_validator(mode="after")
    def asks_once(self) -> Self:
        named = [rule.need for rule in self.needs]
        if len(set(named)) < len(named):
            raise ValueError("A need is there twice.")
        return self

    @cached_property
    def screens(self) -> frozenset[str]:
        """The instruments that matter to it at all."""
        return frozenset(
            instrument
            for part in (self.substance_use, self.mental_health, *self.needs)
            for instrument in (*part.screens, *(part.bands if isinstance(part, NeedRule) else ()))
        )


policy = data_file(DualDiagnosisPolicy, __name__, "dual-diagnosis")
"""The policy in force."""
