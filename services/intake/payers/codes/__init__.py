"""Billing codes as data: what one unit is, and which sessions count for it."""

from functools import cache
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.contracts.scheduling import SessionKind
from shared.datafiles import read_all

MINUTES = {"hour": 60, "15_min": 15}


class Part(BaseModel):
    """A part of a data file; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class UnitRule(Part):
    """How many units the credited minutes of a day are."""

    unit: Literal["per_diem", "hour", "15_min"]
    minimum_minutes: int = Field(ge=1, le=1440)
    """Credited minutes below which nothing is billed."""
    counts_from: int | None = None
    """Minutes of a unit begun from which it counts: 8 of 15 is Medicare's rule, 1 rounds up, the
    whole length rounds down. None for a per-diem code."""
    adds_up: Literal["day", "session"] = "day"
    """What the minimum and the rounding are held against."""
    session_kinds: tuple[SessionKind, ...] | None = None
    """The kinds of session that count; None for all."""

    @model_validator(mode="after")
    def fits_the_unit(self) -> Self:
        length = MINUTES.get(self.unit)
        if (length is None) != (self.counts_from is None):
            raise ValueError("counts_from goes with units of time, and with these only.")
        if length is not None and not 1 <= (self.counts_from or 0) <= length:
            raise ValueError(f"counts_from lies between 1 and {length}.")
        if length is None and self.adds_up == "session":
            raise ValueError("A per-diem code adds up over the day.")
        return self


class BillingCode(Part):
    """A code and the usual meaning of its unit."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,59}$")
    code: str = Field(pattern=r"^[A-Z0-9]{4,5}$")
    version: str
    meaning: str
    source: str
    verified: bool
    units: UnitRule


@cache
def codes() -> dict[str, BillingCode]:
    """The known codes, by code."""
    return {one.code: one for one in read_all(BillingCode, __name__, "billing-codes").values()}


codes()  # read at once, so that a file that cannot be used keeps the service from starting
