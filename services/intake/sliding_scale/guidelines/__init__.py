"""Poverty guidelines: one file a year, in force from its day until the next one's."""

from datetime import date
from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.datafiles import DataFileInvalid, read_all

Region = Literal["contiguous", "alaska", "hawaii"]


class Part(BaseModel):
    """A part of a data file; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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


@cache
def guidelines() -> tuple[Guideline, ...]:
    """The guidelines, oldest first."""
    return in_order(read_all(Guideline, __package__ or __name__, "poverty-guidelines"))


guidelines()  # read at once, so that a file that cannot be used keeps the service from starting
