"""What requests and answers about authorizations look like."""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from services.intake.authorizations.rules.alarms import Cause
from services.intake.coverage.values import Identifier, LocalDate
from services.intake.payers.policy import CoverageKind
from shared.web import Instant, Shown, Strict

LONGEST_DAYS = 366
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{4,5}$")]
Withdrawal = Literal["entered_in_error", "denied", "replaced"]
Standing = Literal[
    "authorized",
    "overrun",
    "below_minimum",
    "no_authorization",
    "not_required",
    "self_pay",
    "no_coverage",
]


class AuthorizationDetails(Strict):
    """A payer's grant. What is one unit goes by the payer and the code."""

    number: Identifier = Field(description="The payer's number.", examples=["A-2026-0042"])
    code: Code = Field(description="Billing code.", examples=["H0015"])
    units_granted: int = Field(
        ge=1, le=10_000, strict=True, description="Units granted.", examples=[12]
    )
    valid_from: LocalDate = Field(description="First day.", examples=["2026-02-23"])
    valid_until: LocalDate = Field(description="Last day.", examples=["2026-03-31"])
    next_review: LocalDate | None = Field(
        None, description="Day of the payer's next review.", examples=["2026-03-20"]
    )

    @model_validator(mode="after")
    def holds_together(self) -> Self:
        if not 0 <= (self.valid_until - self.valid_from).days < LONGEST_DAYS:
            raise ValueError(f"An authorization has 1 to {LONGEST_DAYS} days.")
        return self


class AuthorizationWithdrawal(Strict):
    """Why an authorization no longer holds."""

    reason: Withdrawal = Field(description="Why.", examples=["replaced"])


class Authorization(Shown):
    """An authorization, with what attendance took of it."""

    id: UUID
    coverage_id: UUID
    client_id: UUID
    site_id: UUID
    number: str = Field(examples=["A-2026-0042"])
    code: str = Field(examples=["H0015"])
    unit: str = Field(description="What one unit is.", examples=["per_diem"])
    units_granted: int = Field(examples=[12])
    units_used: int = Field(examples=[9])
    units_left: int = Field(description="Never below 0.", examples=[3])
    units_overrun: int = Field(description="Units beyond the grant.", examples=[0])
    valid_from: date
    valid_until: date
    next_review: date | None
    withdrawn: Withdrawal | None = Field(examples=[None])
    alarms: list[Cause] = Field(description="What holds now.", examples=[["days"]])
    version: int = Field(description="The ETag; units do not change it.", examples=[1])


class AuthorizationDay(Shown):
    """A day that took units of an authorization."""

    service_date: date
    units: int = Field(examples=[1])
    overrun: int = Field(examples=[0])


class AuthorizationDays(Shown):
    """All days of an authorization that took units of it; there are never many."""

    authorization_id: UUID
    client_id: UUID
    site_id: UUID
    items: list[AuthorizationDay]


class NewCertification(Strict):
    """A physician certified that the program is needed."""

    certified_on: LocalDate = Field(description="Day of signing.", examples=["2026-02-23"])


class Certification(Shown):
    """A certification and the day by which the next one is needed."""

    id: UUID
    coverage_id: UUID
    client_id: UUID
    site_id: UUID
    certified_on: date
    recertify_by: date
    entered_at: Instant


class CoverageAlarm(Shown):
    """Something that comes to its end and has to be renewed."""

    id: UUID
    client_id: UUID
    site_id: UUID
    cause: Cause = Field(examples=["days"])
    authorization_id: UUID | None
    certification_id: UUID | None
    code: str | None = Field(examples=["H0015"])
    units_left: int | None = Field(examples=[3])
    units_overrun: int | None = Field(examples=[0])
    last_day: date
    next_review: date | None
    raised_at: Instant


class ServiceDay(Shown):
    """A day on which a client received services, and who is to pay for it."""

    id: UUID
    client_id: UUID
    site_id: UUID
    service_date: date
    services: int = Field(description="Sessions attended.", examples=[3])
    minutes: int = Field(description="Credited minutes.", examples=[165])
    units: int = Field(examples=[1])
    overrun: int = Field(examples=[0])
    standing: Standing = Field(examples=["authorized"])
    day_tier: str | None = Field(
        description="Rate by the number of services, where the payer pays so.",
        examples=["three_services"],
    )


class SiteCoverage(Shown):
    """Sums of one site."""

    site_id: UUID
    covered_clients: dict[CoverageKind, int] = Field(
        description="Clients with a primary coverage today.", examples=[{"commercial": 12}]
    )
    self_pay_agreements: int = Field(description="In force today.", examples=[3])
    authorizations: int = Field(description="In force today.", examples=[11])
    units_granted: int = Field(examples=[132])
    units_used: int = Field(examples=[70])
    units_overrun: int = Field(examples=[1])
    alarms: dict[Cause, int] = Field(description="Open alarms.", examples=[{"days": 2}])
