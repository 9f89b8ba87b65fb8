"""What requests and answers about coverage look like."""

from datetime import date
from typing import Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from services.intake.coverage.values import Cents, Identifier, LocalDate
from services.intake.payers.policy import CoverageKind
from services.intake.referrals.values import Name
from services.intake.sliding_scale.policy import Region
from shared.contracts.intake import Token
from shared.web import Instant, Shown, Strict

Priority = Literal["primary", "secondary"]


class CoverageDetails(Strict):
    """An insurance as it stands on the card."""

    kind: CoverageKind = Field(description="Kind of insurance.", examples=["commercial"])
    payer: Token | None = Field(
        None, description="A payer of the list; else `payer_name`.", examples=["commercial"]
    )
    payer_name: Name | None = Field(
        None, description="A payer that is not listed.", examples=[None]
    )
    plan: Name | None = Field(None, description="Plan or product.", examples=["PPO 500"])
    priority: Priority = Field("primary", description="Who pays first.", examples=["primary"])
    effective_from: LocalDate = Field(description="First day.", examples=["2026-01-01"])
    effective_until: LocalDate | None = Field(
        None, description="Last day; null while it goes on.", examples=["2026-12-31"]
    )

    @model_validator(mode="after")
    def holds_together(self) -> Self:
        if (self.payer is None) == (self.payer_name is None):
            raise ValueError("Give either payer, from the list, or payer_name.")
        if self.effective_until is not None and self.effective_until < self.effective_from:
            raise ValueError("effective_until lies before effective_from.")
        return self


class NewCoverage(CoverageDetails):
    """An insurance of a client."""

    member_id: Identifier = Field(description="The client's number.", examples=["W123456789"])


class ChangedCoverage(CoverageDetails):
    """An insurance as it should have been entered, or as it is from now on."""

    member_id: Identifier | None = Field(
        None, description="Left out or null: as it was.", examples=["W123456789"]
    )


class CoverageEnd(Strict):
    """An end: on a day, or because it should never have been entered."""

    last_day: LocalDate | None = Field(None, description="Last day.", examples=["2026-06-30"])
    entered_in_error: bool = Field(False, description="It never held.", examples=[False])

    @model_validator(mode="after")
    def is_one_of_two(self) -> Self:
        if (self.last_day is None) != self.entered_in_error:
            raise ValueError("Give either last_day, or entered_in_error.")
        return self


class Coverage(Shown):
    """An insurance of a client."""

    id: UUID
    client_id: UUID
    site_id: UUID
    kind: CoverageKind = Field(examples=["commercial"])
    payer: str | None = Field(examples=["commercial"])
    payer_name: str | None = Field(examples=[None])
    plan: str | None = Field(examples=["PPO 500"])
    member_id: str = Field(
        description="In full for the front desk and site managers, else its end only.",
        examples=["******6789"],
    )
    priority: Priority = Field(examples=["primary"])
    requires_authorization: bool = Field(examples=[True])
    effective_from: date
    effective_until: date | None
    entered_in_error: bool = Field(examples=[False])
    entered_at: Instant
    version: int = Field(description="The ETag.", examples=[1])


class NewSelfPayAgreement(Strict):
    """A client agrees to pay by the sliding scale."""

    household_size: int = Field(
        ge=1, le=30, strict=True, description="People in the household.", examples=[3]
    )
    yearly_income_cents: Cents = Field(
        description="Income of the household in a year.", examples=[3_200_000]
    )
    signed_on: LocalDate = Field(description="Day of signing.", examples=["2026-02-23"])


class SelfPayAgreement(Shown):
    """A self-pay agreement with the share that was found when it was signed."""

    id: UUID
    client_id: UUID
    site_id: UUID
    household_size: int = Field(examples=[3])
    yearly_income_cents: int = Field(examples=[3_200_000])
    signed_on: date
    valid_until: date = Field(description="Last day.")
    region: Region = Field(examples=["contiguous"])
    guideline: str = Field(description="Version of the guideline.", examples=["hhs-2026"])
    guideline_cents: int = Field(examples=[2_732_000])
    percent_of_guideline: int = Field(description="Rounded up.", examples=[118])
    scale: str = Field(examples=["illustrative"])
    scale_version: str = Field(examples=["1"])
    band: str = Field(examples=["quarter"])
    share_percent: int = Field(description="Share of a charge.", examples=[25])
    nominal_fee_cents: int | None = Field(
        description="Paid a day in place of a share.", examples=[None]
    )
    entered_in_error: bool = Field(examples=[False])
    entered_at: Instant
    version: int = Field(description="The ETag.", examples=[1])


class ListedPayer(Shown):
    """A payer of the list."""

    id: str = Field(examples=["commercial"])
    version: str = Field(examples=["1"])
    name: str = Field(examples=["Commercial insurance"])
    kind: CoverageKind = Field(examples=["commercial"])
    requires_authorization: bool = Field(examples=[True])
    units: dict[str, str] = Field(
        description="What one unit of each code is.", examples=[{"H0015": "per_diem"}]
    )


class ListedPayers(Shown):
    """All payers of the list."""

    items: list[ListedPayer]
