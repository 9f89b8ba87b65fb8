"""How figures become a score: weights and bounds as data, with a source for each."""

from typing import Self

from pydantic import Field, model_validator

from shared.contracts.outcomes import DisengagementFigure
from shared.datafiles import Part, data_file

WHOLE = 100
"""What the weights add up to, and so the highest score."""


class Factor(Part):
    """A figure, the bounds between which it counts, and how much."""

    figure: DisengagementFigure
    none_at: int = Field(ge=0)
    full_at: int = Field(ge=1)
    weight: int = Field(ge=1, le=WHOLE)
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def grows(self) -> Self:
        if self.none_at >= self.full_at:
            raise ValueError(f"{self.figure} has to count in full above where it counts nothing.")
        if self.figure.endswith("_percent") and self.full_at > 100:
            raise ValueError(f"{self.figure} is never above 100, and so would never count in full.")
        return self


class DisengagementPolicy(Part):
    """One version of the weights, and when a risk is raised and cleared."""

    id: str
    version: str
    status: str
    at_least_sessions: int = Field(ge=1, le=28)
    raise_at: int = Field(ge=1, le=WHOLE)
    clear_at: int = Field(ge=0, lt=WHOLE)
    factors: tuple[Factor, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def adds_up(self) -> Self:
        figures = [factor.figure for factor in self.factors]
        if twice := {figure for figure in figures if figures.count(figure) > 1}:
            raise ValueError(f"{min(twice)} is there twice.")
        if (weights := sum(factor.weight for factor in self.factors)) != WHOLE:
            raise ValueError(f"The weights add up to {weights}, not to {WHOLE}.")
        if self.clear_at >= self.raise_at:
            raise ValueError("clear_at is not below raise_at: the risk would come and go.")
        return self


disengagement_policy = data_file(DisengagementPolicy, __name__, "disengagement", by_site=True)
"""The policy in force, everywhere or at a site."""
