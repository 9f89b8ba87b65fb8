"""The sliding scale in force: one file, with a version."""

from functools import cache
from itertools import pairwise
from typing import Self

from pydantic import Field, model_validator

from services.intake.sliding_scale.guidelines import Part, Region
from shared.datafiles import DataFileInvalid, read_all


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


def only_one(found: dict[str, Scale]) -> Scale:
    """The scale in force.

    Raises:
        DataFileInvalid: there is none, or it is open which one holds.
    """
    if len(found) != 1:
        raise DataFileInvalid("scales", 1, "one scale is needed, under the name of ours if changed")
    return next(iter(found.values()))


@cache
def scale() -> Scale:
    """The scale in force."""
    return only_one(read_all(Scale, __name__, "sliding-scales"))


scale()  # read at once, so that a file that cannot be used keeps the service from starting
