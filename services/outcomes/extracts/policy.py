"""How extracts are made and how long they are kept, as data with a version."""

from typing import Literal, Self

from pydantic import Field, model_validator

from shared.datafiles import Part, data_file

Trait = Literal["gender_group", "age_band", "dual_diagnosis", "state", "level_of_care"]


class ExtractPolicy(Part):
    """One version."""

    id: str
    version: str
    source: str = Field(min_length=1)
    kept_days: int = Field(ge=1, le=366)
    most_weeks: int = Field(ge=2, le=52)
    smallest_group: int = Field(ge=2)
    left_out_first: tuple[Trait, ...]

    @model_validator(mode="after")
    def names_every_trait(self) -> Self:
        if len(self.left_out_first) != 5 or len(set(self.left_out_first)) != 5:
            raise ValueError("left_out_first names each trait once.")
        return self


extract_policy = data_file(ExtractPolicy, __name__, "extract")
"""The policy in force."""
