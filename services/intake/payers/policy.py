"""Billing codes as data: what one unit is, and which sessions count for it."""

from typing import Literal, get_args

from pydantic import Field, model_validator

from shared.billing import UnitRule
from shared.datafiles import DataFileInvalid, Part, data_folder


class BillingCode(Part):
    """A code and the usual meaning of its unit."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,59}$")
    code: str = Field(pattern=r"^[A-Z0-9]{4,5}$")
    version: str
    meaning: str
    source: str
    verified: bool
    units: UnitRule


def by_code(found: dict[str, BillingCode]) -> dict[str, BillingCode]:
    """The codes by code."""
    return {one.code: one for one in found.values()}


codes = data_folder(BillingCode, __name__, "codes", by_code)
"""The known codes, by code."""


CoverageKind = Literal["medicare", "medicaid", "commercial", "va", "other"]


class DayTier(Part):
    """A rate that is paid for a day with at least so many services."""

    at_least: int = Field(ge=1)
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,59}$")


class DayPayment(Part):
    """Payment by the number of services a day instead of by codes."""

    verified: bool
    source: str
    tiers: tuple[DayTier, ...] = Field(min_length=1)


class Recertification(Part):
    """A physician's certification that has to be renewed."""

    every_days: int = Field(gt=0)
    source: str


class Payer(Part):
    """What a payer asks for. `stands_for_kind`: also for payers of its kind that are not listed."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,59}$")
    version: str
    name: str = Field(max_length=100)
    kind: CoverageKind
    stands_for_kind: bool = False
    requires_authorization: bool
    source: str
    units: dict[str, UnitRule] = Field(default_factory=dict)
    """By code, where its units differ from the usual ones."""
    day_payment: DayPayment | None = None
    recertification: Recertification | None = None

    @model_validator(mode="after")
    def knows_its_codes(self) -> "Payer":
        if unknown := self.units.keys() - codes().keys():
            raise ValueError(f"{min(unknown)} is no code of the list.")
        return self

    def unit_rule(self, code: BillingCode) -> UnitRule:
        """What a unit of `code` means to this payer."""
        return self.units.get(code.code, code.units)


def complete(found: dict[str, Payer]) -> dict[str, Payer]:
    """The payers by id, with exactly one that stands for each kind.

    Raises:
        DataFileInvalid: an id is there twice, or a kind has none or two that stand for it.
    """
    listed = {one.id: one for one in found.values()}
    if len(listed) != len(found):
        raise DataFileInvalid("payers", 1, "two files have the same id")
    for kind in get_args(CoverageKind):
        standing = [one.id for one in listed.values() if one.kind == kind and one.stands_for_kind]
        if len(standing) != 1:
            raise DataFileInvalid("payers", 1, f"one payer has to stand for {kind}: {standing}")
    return listed


payers = data_folder(Payer, __name__, "payers", complete)
"""The listed payers, by id."""


def terms(payer: str | None, kind: CoverageKind) -> Payer:
    """What holds for a payer; for one that is not listed, or no longer, what holds for its kind."""
    known = payers().get(payer or "")
    if known is not None:
        return known
    return next(one for one in payers().values() if one.kind == kind and one.stands_for_kind)
