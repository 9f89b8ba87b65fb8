"""Billing codes as data, and what is asked of whoever books beyond what is authorized."""

from collections.abc import Mapping

from pydantic import Field

from shared.billing import UnitRule
from shared.contracts.intake import Token
from shared.datafiles import DataFile, Part, data_file, data_folder


class Rate(Part):
    """What is paid for a day with at least so many services."""

    at_least: int = Field(ge=1)
    name: Token


class CodeRule(UnitRule):
    """What a unit is; with the rates of a code that is paid by the number of services a day."""

    rates: tuple[Rate, ...] = ()


class BillingCode(DataFile):
    """A code, the usual meaning of its unit, and what it is to payers that differ."""

    id: Token
    code: str | None = Field(pattern=r"^[A-Z0-9]{4,5}$")
    """None where no single code is billed."""
    meaning: str
    verified: bool
    units: CodeRule
    payers: Mapping[Token, CodeRule] = Field(default_factory=dict)

    def rule(self, payer: str | None) -> CodeRule:
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
