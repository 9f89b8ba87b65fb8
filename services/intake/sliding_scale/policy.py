"""Poverty guidelines: one file a year, in force from its day until the next one's."""

from datetime import date
from itertools import pairwise
from typing import Literal, Self

from pydantic import Field, model_validator

from shared.datafiles import DataFileInvalid, Part, data_file, data_folder

Region = Literal["contiguous", "alaska", "hawaii"]


class Amounts(Part):
    """Cents a year."""

    first_person: int = Field(gt=0)
    each_further: int = Field(gt=0)


class Guideline(Part):
    """The guideline of one year, for the 48 states with DC, Alaska, and Hawaii."""

    id: str = Field(pattern=r"^[a-z0-9-]{1,60}$")
    year: int = Field(ge=2000, le=2100)
    effective_on: date
    source: str = Field(min_length=1)
    regions: dict[Region, Amounts]


def in_order(found: dict[str, Guideline]) -> tuple[Guideline, ...]:
    """The guidelines by the day from which they hold.

    Raises:
        DataFileInvalid: a region is missing, or two hold from the same day.
    """
    seen: set[date] = set()
    for name, one in found.items():
        if len(one.regions) != 3:
            raise DataFileInvalid(name, 1, "regions: give contiguous, alaska and hawaii")
        if one.effective_on in seen:
            raise DataFileInvalid(name, 1, "effective_on: another file holds from this day")
        seen.add(one.effective_on)
    return tuple(sorted(found.values(), key=lambda one: one.effective_on))


guidelines = data_folder(Guideline, __name__, "guidelines", in_order)
"""The guidelines, oldest first."""


class Band(Part):
    """The share of a charge that is paid up to an income, or a nominal fee a day instead."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,59}$")
    up_to_percent: int = Field(gt=0, le=1000)
    share_percent: int = Field(ge=0, le=100)
    nominal_fee_cents_per_day: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def is_one_of_two(self) -> Self:
        if self.nominal_fee_cents_per_day is not None and self.share_percent:
            raise ValueError("A nominal fee stands instead of a share: let the share be 0.")
        return self


class Scale(Part):
    """One version of a scale."""

    id: str = Field(pattern=r"^[a-z0-9-]{1,60}$")
    version: str
    status: str
    source: str
    valid_months: int = Field(gt=0, le=36)
    oldest_signature_days: int = Field(ge=0)
    zones: dict[str, Region]
    bands: tuple[Band, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def rises(self) -> Self:
        for lower, upper in pairwise(self.bands):
            if lower.up_to_percent >= upper.up_to_percent:
                raise ValueError(f"{upper.id} does not go further up than {lower.id}.")
            if lower.share_percent > upper.share_percent:
                raise ValueError(f"{upper.id} asks for less than {lower.id}.")
        return self


scale = data_file(Scale, __name__, "scale")
"""The scale in force."""
