"""Billing codes as data, and what is asked of whoever books beyond what is authorized."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from shared.contracts.intake import Token
from shared.contracts.scheduling import SessionKind
from shared.datafiles import DataFile, Part, data_file, data_folder

MINUTES = {"hour": 60, "15_min": 15}


class Rate(Part):
    """What is paid for a day with at least so many services."""

    at_least: int = Field(ge=1)
    name: Token


class UnitRule(Part):
    """How many units the credited minutes of a day are; as in AuthorizationChanged."""

    unit: Literal["per_diem", "hour", "15_min"]
    minimum_minutes: int = Field(ge=1, le=1440)
    """Credited minutes below which there is no unit."""
    counts_from: int | None = None
    """Minutes of a unit begun from which it counts: 8 of 15 is Medicare's rule, 1 rounds up, the
    whole length rounds down. None for a day."""
    adds_up: Literal["day", "session"] = "day"
    """What the minimum and the rounding are held against."""
    session_kinds: tuple[SessionKind, ...] | None = None
    """The kinds of session that count; None for all."""
    rates: tuple[Rate, ...] = ()
    """Of a code that is paid by the number of services a day."""

    @model_validator(mode="after")
    def fits_the_unit(self) -> Self:
        length = MINUTES.get(self.unit)
        if (length is None) != (self.counts_from is None):
            raise ValueError("counts_from goes with units of time, and with these only.")
        if length is not None and not 1 <= (self.counts_from or 0) <= length:
            raise ValueError(f"counts_from lies between 1 and {length}.")
        return self


class BillingCode(DataFile):
    """A code, the usual meaning of its unit, and what it is to payers that differ."""

    id: Token
    code: str | None = Field(pattern=r"^[A-Z0-9]{4,5}$")
    """None where no single code is billed."""
    meaning: str
    verified: bool
    units: UnitRule
    payers: Mapping[Token, UnitRule] = Field(default_factory=dict)

    def rule(self, payer: str | None) -> UnitRule:
        """What a unit means to a payer."""
        return self.payers.get(payer or "", self.units)


class BookingPolicy(DataFile):
    """When the need for the program is certified again, and why units are exceeded."""

    recertify_every_days: int = Field(gt=0)
    certified_days_before_enrolment: int = Field(ge=0)
    """A certification that is not older than so many days is that of the stay that begins."""
    recertification_lead_days: int = Field(ge=0)
    excess_reasons: tuple[Token, ...] = Field(min_length=1)


def in_order(found: dict[str, BillingCode]) -> list[BillingCode]:
    """The codes, by id."""
    return sorted(found.values(), key=lambda one: one.id)


billing_codes = data_folder(BillingCode, __name__, "codes", in_order, by_site=True)
"""The known codes, everywhere or at a site."""
booking_policy = data_file(BookingPolicy, __name__, "booking", by_site=True)
"""The policy in force, everywhere or at a site."""
