"""What requests and answers about costs look like."""

from datetime import date
from uuid import UUID

from pydantic import Field

from services.intake.costs.rules import LineKind
from services.intake.coverage.values import Cents, LocalDate
from shared.contracts.intake import Token
from shared.web import Shown, Strict


class InsurancePlan(Strict):
    """What a plan asks of the client, as its office tells."""

    deductible_left_cents: Cents = Field(0, description="Deductible left.", examples=[50_000])
    copay_per_day_cents: Cents = Field(0, description="Copay a day.", examples=[2_500])
    coinsurance_percent: int = Field(
        0, ge=0, le=100, strict=True, description="The client's share of the rest.", examples=[20]
    )
    out_of_pocket_left_cents: Cents | None = Field(
        None, description="Left of the yearly limit; null without one.", examples=[200_000]
    )
    authorized_days: int | None = Field(
        None, ge=0, le=366, strict=True, description="Null: as needed.", examples=[12]
    )


class Household(Strict):
    """Who pays by the sliding scale."""

    household_size: int = Field(ge=1, le=30, strict=True, description="People.", examples=[3])
    yearly_income_cents: Cents = Field(description="In a year.", examples=[3_200_000])


class NewEstimate(Strict):
    """What is to be estimated. It names nobody and nothing of it is kept."""

    site_id: UUID = Field(
        description="The site.", examples=["01a20e20-97d3-779f-8fac-673dd9f7f455"]
    )
    program: Token = Field(description="A program of the list.", examples=["iop-3x3"])
    weeks: int = Field(ge=1, le=52, strict=True, description="Weeks.", examples=[8])
    starts_on: LocalDate | None = Field(
        None, description="First day; null for today.", examples=["2026-03-02"]
    )
    plan: InsurancePlan | None = Field(None, description="Insurance; null without one.")
    household: Household | None = Field(None, description="Null: no sliding scale.")


class EstimateLine(Shown):
    """One line of an estimate."""

    kind: LineKind = Field(examples=["charge"])
    cents: int = Field(description="Negative where it lowers what is paid.", examples=[780_000])
    explanation: str = Field(examples=["24 of iop_day at $325.00"])


class ResidentialReference(Shown):
    """What a residential stay costs, to compare costs by; it says nothing of outcomes."""

    id: str = Field(examples=["illustrative-28-days"])
    version: str = Field(examples=["1"])
    days: int = Field(examples=[28])
    daily_rate_cents: int = Field(examples=[60_000])
    total_cents: int = Field(examples=[1_680_000])
    as_of: date
    source: str = Field(examples=["Local rate, 2026"])
    verified: bool = Field(examples=[False])
    note: str = Field(
        examples=["A reference for costs only. Which level is right is a clinical decision."]
    )


class CostEstimate(Shown):
    """What a program costs, and what the client pays of it. No offer and no promise of a payer."""

    site_id: UUID
    program: str = Field(examples=["iop-3x3"])
    program_version: str = Field(examples=["1"])
    price_list: str = Field(examples=["illustrative"])
    price_list_version: str = Field(examples=["1"])
    starts_on: date
    days: int = Field(examples=[24])
    lines: list[EstimateLine]
    charged_cents: int = Field(examples=[808_000])
    plan_pays_cents: int = Field(examples=[600_000])
    sliding_scale_cents: int = Field(description="Taken off.", examples=[0])
    client_pays_cents: int = Field(examples=[208_000])
    residential_reference: ResidentialReference
